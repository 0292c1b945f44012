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
from book.paths import BUILD

MODELS = ('ResNet-18', 'ResNet-34', 'ResNet-50', 'ResNet-101', 'ResNet-152',
          'ResNeXt-50')
SIZES = 32, 64, 96, 128, 160, 192, 224      # height and width of the input
HEAD = '모듈', '출력의 모양', '파라미터', '곱셈-덧셈'
CAPTION = 'ResNet-18에 96 × 96 이미지를 넣을 때의 모양과 계산량.'
ASKED = '표 위에서 구조와 입력 크기를 골라 견주어 보십시오.'
LABEL = MADE['layer-costs']
PARTS = '처음', '모듈 1', '모듈 2', '모듈 3', '모듈 4', '끝'


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
    return [(name, ' × '.join(map(str, shape[1:])), params, macs)
            for name, (shape, params, macs) in zip(PARTS, parts, strict=True)]


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
                 [Path(__file__), *Path('d2l').rglob('*.py')])
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
    return [HEAD, *([f'{cell:,}' if isinstance(cell, int) else cell
                     for cell in row] for row in [*rows, ('합', '', *total)])]


class LayerCosts(SphinxDirective):
    """That table, and the place where the script puts what to choose from."""

    def run(self):
        self.env.metadata[self.env.docname]['layer-costs'] = 'shown'
        head, *body = map(row, table())
        group = nodes.tgroup('', *(nodes.colspec(colwidth=1) for _ in HEAD),
                             cols=len(HEAD))
        group += nodes.thead('', head)
        group += nodes.tbody('', *body)
        shown = nodes.table('', nodes.title('', CAPTION), group,
                            classes=['layer-costs'], names=[LABEL])
        self.state.document.note_explicit_target(shown)
        asked = addnodes.only('', nodes.paragraph('', ASKED),
                              expr='builder_html')
        return [asked, nodes.container(classes=['controls']), shown]


def row(contents):
    return nodes.row('', *(nodes.entry('', nodes.paragraph('', cell))
                           for cell in contents))
