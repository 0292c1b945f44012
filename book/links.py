"""Link the names of d2l in the code of a page to where they are explained."""

from bs4 import BeautifulSoup

from book.execute import MODULES


def setup(app):
    app.connect('html-page-context', link_names)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}


def link_names(app, pagename, templatename, context, doctree):
    """Put a link on every X in `d2l.X`, to the page of the tab's framework."""
    if 'highlight-python' not in context.get('body', ''):
        return
    explained = app.env.domains.python_domain.objects
    soup = BeautifulSoup(context['body'], 'html.parser')
    for name in soup.select('.highlight-python .o + span'):
        dot = name.find_previous_sibling()
        module = dot.find_previous_sibling()
        if dot.text != '.' or not module or module.text not in ('d2l', '@d2l'):
            continue
        panel = name.find_parent(role='tabpanel')
        tab = panel['data-tab'] if panel else 'pytorch'
        for candidate in (f'd2l.{MODULES[tab]}.{name.text}',
                          f'd2l.torch.{name.text}'):   # of api/common
            if candidate in explained:
                entry = explained[candidate]
                page = app.builder.get_relative_uri(pagename, entry.docname)
                name.wrap(soup.new_tag('a', href=f'{page}#{entry.node_id}',
                                       attrs={'class': 'name'}))
                break
    context['body'] = str(soup)
