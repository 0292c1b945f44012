"""Code and what it shows, set aside as data until Sphinx renders it.

Neither is markup of the page: beside the page's rst a JSON file keeps the code
cells, by their places, and the rst says only where they stand.
"""

import base64
import copy
import json
from pathlib import Path

from d2lbook import rst
from nbformat import NotebookNode

from book.content.files import write
from book.content.sections import number_cells
from book.content.tabs import rst as rst_cell

IMAGES = {'image/svg+xml': 'svg', 'image/png': 'png', 'image/jpeg': 'jpeg',
          'image/webp': 'webp', 'image/gif': 'gif'}     # the best first


def set_aside(nb: NotebookNode, page: Path) -> NotebookNode:
    """Return a page whose code and outputs lie in files beside it.

    `page`: its path in rst's folder, without suffix. What d2lbook's marks,
    such as `#@hide_output`, hide is left out.
    """
    kept = {}
    for i, cell in enumerate(rst._process_nb(copy.deepcopy(nb)).cells):
        if cell.cell_type == 'code':
            name = f'output_{page.name}_{i}'
            kept[str(i)] = {
                'source': cell.source, 'tabs': cell.metadata['tab'],
                'outputs': [
                    without_image(output, page.with_name(f'{name}_{j}'))
                    for j, output in enumerate(cell.outputs)]}
            nb.cells[i] = rst_cell(f'.. cell:: {i}')
    write(file_of(page), json.dumps(kept).encode())
    number_cells(nb)
    return nb


def file_of(page: Path) -> Path:
    """Return where the code cells of a page lie."""
    return page.with_name(f'{page.name}.cells.json')


def without_image(output, path):
    """Return an output as plain data, its best image as a file's name."""
    output = copy.deepcopy(output)
    data = output.get('data', {})
    kind = next((kind for kind in IMAGES if kind in data), None)
    if kind:
        content = ''.join(data[kind])
        path = path.with_name(f'{path.name}.{IMAGES[kind]}')
        write(path, content.encode() if kind == 'image/svg+xml'
              else base64.b64decode(content))
        size = output.get('metadata', {}).get(kind, {})
        output['image'] = {'uri': path.name} | {
            side: str(size[side]) for side in ('width', 'height')
            if side in size}
        output['data'] = {kind: text for kind, text in data.items()
                          if kind not in IMAGES}
    return output
