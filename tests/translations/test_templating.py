"""Templates in a language: translated when compiled, and the same as with Jinja's own extension."""

import jinja2
import pytest
from babel import Locale
from markupsafe import Markup
from pseudo import Pseudo

from quickpub import templating
from quickpub.translations.languages import Language

SOURCES = [
    '{% trans %}Save{% endtrans %}', '{% trans %}100% <b>sure</b>{% endtrans %}', '{% trans %}5%% & up{% endtrans %}',
    '{% trans name %}Hello {{ name }}, 100%{% endtrans %}', '{% trans %}Hello {{ name }} {{ safe }}{% endtrans %}',
    '{% trans link1=name, Link2=many %}{{ link1 }} or {{ Link2 }}{% endtrans %}',
    '{% trans who=name|upper, url="/a?b&c" %}<a href="{{ url }}">{{ who }}</a> and {{ who }}{% endtrans %}',
    '{% trans count=many %}{{ count }} view{% pluralize %}{{ count }} views of {{ name }}{% endtrans %}',
    '{% trans count=1, shown=many %}one view{% pluralize %}{{ shown }} views{% endtrans %}',
    '{% trans num=many %}{{ num }} view{% pluralize %}{{ num }} views{% endtrans %}',
    '{% trans "verb" %}Open{% endtrans %}', '{% trans "verb" name %}Open {{ name }}{% endtrans %}',
    '{% trans "things" count=2 %}a thing{% pluralize %}things{% endtrans %}',
    '{% trans %}\n   Two\n   lines, {{ name }}\n{% endtrans %}', '{% trans notrimmed %} a \n b {% endtrans %}',
    '{{ _("Plain") }} {{ _("Hello %(who)s", who=name) }} {{ ngettext("%(num)s a", "%(num)s b", many) }}',
    '{% for each in (1, 2) %}{% trans %}{{ each }} of {{ many }}{% endtrans %}{% endfor %}',
    '{% macro greet(who) %}{% trans %}Dear {{ who }}{% endtrans %}{% endmacro %}{{ greet(name) }}',
    '{% set words %}{% trans %}Hello {{ name }}{% endtrans %}{% endset %}{{ words }}',
    '{% trans nothing=none %}It is {{ nothing }}{% endtrans %}',
]
CONTEXT = {'name': '<b>Bo</b> 100%', 'safe': Markup('<i>x</i>'), 'many': 1200}


class Reordered(Pseudo):
    """A language that has the last word first, and uses a variable twice or not at all."""

    def gettext(self, message):
        return ' '.join(reversed(message.split(' '))) if '<' not in message else super().gettext(message)


@pytest.mark.parametrize('catalog', [Pseudo(), Reordered()], ids=['pseudo', 'reordered'])
@pytest.mark.parametrize('name', ['page.html', 'mail.txt'])
@pytest.mark.parametrize('source', SOURCES)
def test_the_page_is_the_same_as_with_the_stock_extension(source, name, catalog):
    ours = templating.environment(Language('en-XA', Locale('en'), catalog)).overlay(
        loader=jinja2.DictLoader({name: source}))
    stock = jinja2.Environment(
        loader=ours.loader, autoescape=jinja2.select_autoescape(), undefined=jinja2.StrictUndefined,
        extensions=['jinja2.ext.i18n'], trim_blocks=True, lstrip_blocks=True)
    stock.policies['ext.i18n.trimmed'] = True
    stock.install_gettext_translations(catalog, newstyle=True)
    assert ours.get_template(name).render(CONTEXT) == stock.get_template(name).render(CONTEXT) != ''


def test_a_variable_that_is_missing_is_an_error_in_a_translation_too():
    environment = templating.environment(Language('en-XA', Locale('en'), Pseudo()))
    with pytest.raises(jinja2.UndefinedError):
        environment.from_string('{% trans %}Hello {{ name }}{% endtrans %}').render()


def test_every_template_can_be_compiled_in_another_language():
    environment = templating.environment(Language('en-XA', Locale('en'), Pseudo()))
    names = environment.list_templates()
    assert 'base.html' in names and 'mail/report.txt' in names
    for name in names:
        assert environment.get_template(name).name == name
