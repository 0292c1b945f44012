"""Serve the fonts with the pages, cut down to the characters they use.

`book/fonts` holds them whole: Pretendard 1.3.9 for Korean and Latin text, STIX
Two Math (Fontsource 5.3.0) for formulas. Both are under the SIL Open Font
License.
"""

import logging
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

from book.paths import FONTS

logging.getLogger('fontTools').setLevel(logging.WARNING)
ASCII = set(map(chr, range(0x20, 0x7f)))
# Browsers show a letter in a formula as the italic of this block.
ROOT = {'√'}            # which a browser draws for <msqrt>
ITALICS = {chr(code) for code in (0x210e, *range(0x1d434, 0x1d468),
                                  *range(0x1d6a4, 0x1d71c))}


def setup(app):
    app.connect('build-finished', write)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}


def write(app, error):
    """Write `_static/fonts`, for the characters of all pages and scripts."""
    if error or app.builder.name != 'html':
        return
    folder = Path(app.outdir, '_static/fonts')
    folder.mkdir(parents=True, exist_ok=True)
    used = set().union(*(
        file.read_text(encoding='utf-8') for file in [
            *Path(app.outdir).rglob('*.html'),
            *Path(app.outdir, '_static').glob('*.js')]))
    characters = sorted(used - {'\n'} | ASCII | ITALICS | ROOT)
    stamp = folder / 'characters.txt'
    if stamp.exists() and stamp.read_text(encoding='utf-8') == str(characters):
        return
    for file in FONTS:
        with TTFont(file) as font:
            # Their names are reserved for the whole fonts.
            options = subset.Options(flavor='woff2', layout_features=['*'],
                                     name_IDs=[0, 13, 14])
            subsetter = subset.Subsetter(options)
            subsetter.populate(text=''.join(characters))
            subsetter.subset(font)
            subset.save_font(font, folder / file.name, options)
    stamp.write_text(str(characters), encoding='utf-8')
