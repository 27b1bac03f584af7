"""The forms of a page, found in a tenth of the time that webtest takes: it would parse all of the page, and each form
once more."""

import re

from bs4 import BeautifulSoup
from webtest.app import TestRequest, TestResponse
from webtest.forms import Form

ATTRIBUTES = r'''(?:"[^"]*"|'[^']*'|[^>"'])*>'''
# The content of comments, scripts and texts is skipped with them, and so is not taken for a tag.
PARTS = re.compile(rf'<!--.*?-->|<(?:script|style|template)\b.*?</(?:script|style|template)\s*>'
                   rf'|(<(?:textarea|option)\b{ATTRIBUTES}[^<]*(?:</(?:textarea|option)\s*>)?'
                   rf'|</?(?:form|input|select|button)\b{ATTRIBUTES})', re.IGNORECASE | re.DOTALL)


class Response(TestResponse):
    """An answer of the site, whose forms are made of the tags of forms and controls alone."""

    def _parse_forms(self):
        if 'html' not in self.content_type:
            raise AttributeError(f'Not a page, but {self.content_type}')
        whole = self.__dict__.pop('html', None)
        self.html = BeautifulSoup(''.join(PARTS.findall(self.testbody)), self.parser_features)  # where forms look
        try:
            self._forms_indexed = {}
            for number, form in enumerate(self.html('form')):
                made = Form(self, str(form), self.parser_features)
                self._forms_indexed[number] = made
                if made.id:
                    self._forms_indexed[made.id] = made
        finally:
            del self.html
            if whole is not None:
                self.html = whole


class Request(TestRequest):
    ResponseClass = Response
