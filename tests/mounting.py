"""The ways in which servers mount the site below a path."""




def mounted(app, prefix, style):
    """A WSGI application that has ours below a path, as servers and proxies do it; elsewhere it says 'outside'."""
    def server(environ, start_response):
        environ, path = dict(environ), environ['PATH_INFO']
        if not (path + '/').startswith(prefix + '/'):
            start_response('404 Not Found', [('Content-Type', 'text/plain')])
            return [b'outside']
        if style == 'shifted':  # as PEP 3333 has it
            environ |= {'SCRIPT_NAME': environ['SCRIPT_NAME'] + prefix, 'PATH_INFO': path[len(prefix):]}
        elif style == 'stripped':  # a proxy that takes the path away and says nothing
            environ['PATH_INFO'] = path[len(prefix):] or '/'
        return app(environ, start_response)
    return server

STYLES = [('', 'whole'), ('/blog', 'shifted'), ('/blog', 'whole'), ('/blog', 'stripped'), ('/our/news', 'shifted')]
