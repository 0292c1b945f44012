"""The costs of the ResNets, to touch: a table of the model a reader chooses.

The directive `layer-costs` stands for the table of one model, which every
format shows. The script `costs.js` fills it with what the
book's own PyTorch models compute when the pages are built.
"""

import json
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

from book.content.check import MADE
from book.pages.data import write_data
from book.paths import BUILD, LAYER
from book.words import say

MODELS = ('ResNet-18', 'ResNet-34', 'ResNet-50', 'ResNet-101', 'ResNet-152',
          'ResNeXt-50')
SIZES = 32, 64, 96, 128, 160, 192, 224      # height and width of the input
LABEL = MADE['layer-costs']


def setup(app):
    app.add_directive('layer-costs', LayerCosts)
    app.connect('build-finished', write)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}


def costs(model, size):
    """Return a row a part of a model: name, output shape, numbers."""
    import torch  # slow to import: only where the table is shown

    from d2l import torch as d2l
    family, depth = model.split('-')
    with torch.device('meta'):      # shapes only: nothing is computed
        net = (d2l.resnet(int(depth)) if family == 'ResNet'
               else d2l.resnext50())
        parts = d2l.layer_costs(net, (1, 3, size, size))
    names = say('costs_parts').split('|')
    return [(name, ' × '.join(map(str, shape[1:])), params, macs)
            for name, (shape, params, macs) in zip(names, parts, strict=True)]


def write(app, error):
    """Write the costs of all models beside the script that shows them.

    They take a quarter of a minute, so those of an earlier build stay while
    nothing that they depend on is newer.
    """
    shown = any('layer-costs' in page for page in app.env.metadata.values())
    if not shown or error or app.builder.name != 'html':
        return
    path = BUILD / 'costs.json'
    newest = max(file.stat().st_mtime for file in
                 [Path(__file__), *(LAYER / 'd2l').rglob('*.py')])
    if not path.exists() or path.stat().st_mtime < newest:
        models = {model: {size: costs(model, size) for size in SIZES}
                  for model in MODELS}
        path.write_text(json.dumps(models, ensure_ascii=False),
                        encoding='utf-8')
    write_data(app.outdir, 'costs',
               json.loads(path.read_text('utf-8')))


def table():
    """Return the table of ResNet-18 for the chapter's images, head and all."""
    rows = costs('ResNet-18', 96)
    total = [sum(numbers) for numbers in list(zip(*rows, strict=True))[2:]]
    rows.append((say('costs_sum'), '', *total))
    return [say('costs_head').split('|'), *(
        [f'{cell:,}' if isinstance(cell, int) else cell for cell in row]
        for row in rows)]


class LayerCosts(SphinxDirective):
    """That table, and the place where the script puts what to choose from."""

    def run(self):
        self.env.metadata[self.env.docname]['layer-costs'] = 'shown'
        head, *body = table()
        group = nodes.tgroup('', *(nodes.colspec(colwidth=1) for _ in head),
                             cols=len(head))
        group += nodes.thead('', row(head))
        group += nodes.tbody('', *map(row, body))
        shown = nodes.table('', nodes.title('', say('costs_caption')), group,
                            classes=['layer-costs'], names=[LABEL])
        self.state.document.note_explicit_target(shown)
        asked = addnodes.only('', nodes.paragraph('', say('costs_asked')),
                              expr='builder_html')
        return [asked, nodes.container(classes=['controls']), shown]


def row(contents):
    return nodes.row('', *(nodes.entry('', nodes.paragraph('', cell))
                           for cell in contents))
