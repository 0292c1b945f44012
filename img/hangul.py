"""Make d2l/core/hangul.ttf, in which plots show Korean words.

It is Pretendard's regular weight, cut down to the Hangul syllables, letters
and signs of KS X 1001; Matplotlib reads no woff2. What is cut may not bear
the name Pretendard. Run it as a script, after a change of the font.
"""

from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

ROOT = Path(__file__).parents[1]

# The rows of KS X 1001 that hold signs (1-3), letters (4) and syllables.
text = ''.join(bytes([row, column]).decode('euc-kr', 'ignore')
               for row in (*range(0xA1, 0xA5), *range(0xB0, 0xC9))
               for column in range(0xA1, 0xFF))
font = instantiateVariableFont(TTFont(ROOT / 'book/fonts/pretendard.woff2',
                                      recalcTimestamp=False), {'wght': 400})
options = subset.Options(layout_features=[], hinting=False, name_IDs=[0, 13],
                         notdef_outline=True)
cut = subset.Subsetter(options)
cut.populate(text=text)
cut.subset(font)
for name, value in {1: 'd2l Hangul', 2: 'Regular', 4: 'd2l Hangul',
                    6: 'd2l-Hangul'}.items():
    font['name'].setName(value, name, 3, 1, 0x409)
font.flavor = None
font.save(ROOT / 'd2l/core/hangul.ttf')
