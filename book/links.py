"""Link names in the code of a page to where they are explained.

`d2l.X` leads to the page of the tab's framework in this book, the frameworks'
own names to their documentation.
"""

import re

from bs4 import BeautifulSoup

from book.execute import MODULES

LINEN = 'https://flax-linen.readthedocs.io/en/latest/api_reference/flax.linen/'
DOCUMENTATION = {   # tab: [a name in code, where it is explained]
    'pytorch': [
        (r'nn\.([A-Z]\w*)',
         r'https://docs.pytorch.org/docs/stable/generated/torch.nn.\1.html'),
        (r'(?:F|nn\.functional)\.(\w+)', r'https://docs.pytorch.org/docs/'
         r'stable/generated/torch.nn.functional.\1.html')],
    'jax': [
        (r'nn\.(Module)', rf'{LINEN}module.html#flax.linen.\1'),
        (r'nn\.(relu)', rf'{LINEN}activation_functions.html#flax.linen.\1'),
        (r'nn\.(Conv|Dense|BatchNorm|Sequential|avg_pool|max_pool)',
         rf'{LINEN}layers.html#flax.linen.\1'),
        (r'jax\.((?:random|nn)\.\w+|jit|value_and_grad)',
         r'https://docs.jax.dev/en/latest/_autosummary/jax.\1.html'),
        (r'jnp\.([a-z]\w*)',
         r'https://docs.jax.dev/en/latest/_autosummary/jax.numpy.\1.html')],
    'tensorflow': [
        (r'tf\.(keras|nn)\.([A-Za-z]\w*)',
         r'https://www.tensorflow.org/api_docs/python/tf/\1/\2'),
        (r'(?:tf\.keras\.)?(layers|optimizers)\.([A-Z]\w*)',
         r'https://www.tensorflow.org/api_docs/python/tf/keras/\1/\2')],
    'mxnet': [
        (r'nn\.([A-Z]\w*)', r'https://mxnet.apache.org/versions/1.9.1/api/'
         r'python/docs/api/gluon/nn/index.html#mxnet.gluon.nn.\1')]}


def setup(app):
    app.connect('html-page-context', link_names)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}


def link_names(app, pagename, templatename, context, doctree):
    """Put a link on the last part of every dotted name that is explained."""
    if 'highlight-python' not in context.get('body', ''):
        return
    soup = BeautifulSoup(context['body'], 'html.parser')
    for dot in soup.select('.highlight-python .o + span'):
        panel = dot.find_parent(role='tabpanel')
        tab = panel['data-tab'] if panel else 'pytorch'
        address = explanation(app, pagename, tab, dotted(dot))
        if address:
            dot.wrap(soup.new_tag('a', href=address,
                                  attrs={'class': 'name'}))
    context['body'] = str(soup)


def dotted(last):
    """Return the dotted name that ends with this part of the code."""
    name = last.text
    while (dot := last.previous_sibling) and dot.text == '.':
        last = dot.previous_sibling
        name = f'{last.text}.{name}'
    return name


def explanation(app, pagename, tab, name):
    """Return where a name in the code of a tab is explained, or None."""
    explained = app.env.domains.python_domain.objects
    module, _, rest = name.lstrip('@').partition('.')
    if module == 'd2l':
        for candidate in (f'd2l.{MODULES[tab]}.{rest}',
                          f'd2l.torch.{rest}'):     # of api/common
            if candidate in explained:
                entry = explained[candidate]
                page = app.builder.get_relative_uri(pagename, entry.docname)
                return f'{page}#{entry.node_id}'
        return None
    for pattern, address in DOCUMENTATION[tab]:
        if match := re.fullmatch(pattern, name):
            return match.expand(address)
    return None
