"""Draw the book's figures: `make figures` writes the SVG files beside this.

One visual language: data flows upward (or to the right), a layer is a rounded
box whose colour tells its kind, a dashed box is what is being learned, a
circle adds. The white ground is that of paper; book/pages/dark.py
makes a second palette for the dark.
"""

from pathlib import Path

INK, GRAY = '#1f2933', '#616e7c'
KINDS = {   # kind: fill, stroke
    'conv': ('#dbeafe', '#2563eb'), 'norm': ('#fef3c7', '#b45309'),
    'relu': ('#dcfce7', '#15803d'), 'pool': ('#ede9fe', '#6d28d9'),
    'dense': ('#ffe4e6', '#be123c'), 'block': ('#e0f2fe', '#0369a1')}
STYLE = f'''
    text {{ font: 13px "Noto Sans KR", "Noto Sans CJK KR", sans-serif;
           fill: {INK}; text-anchor: middle; }}
    .math {{ font: italic 15px "STIX Two Math", "Times New Roman", serif; }}
    .small {{ font-size: 11.5px; fill: {GRAY}; }}
    .line {{ fill: none; stroke: {INK}; stroke-width: 1.4; }}
    .flow {{ marker-end: url(#arrow); }}
    .dashed {{ fill: none; stroke: {GRAY}; stroke-width: 1.3;
              stroke-dasharray: 5 4; }}'''


class Figure:
    """An SVG being drawn; `title` is its text for those who can't see it."""

    def __init__(self, width, height, title):
        self.width, self.height, self.title = width, height, title
        self.parts = []

    def add(self, part):
        self.parts.append(part)

    def text(self, x, y, content, style=''):
        self.add(f'<text x="{x}" y="{y}" dy=".35em" class="{style}">'
                 f'{content}</text>')

    def line(self, *points, arrow=True):
        path = ' '.join(f'{x},{y}' for x, y in points)
        self.add(f'<polyline points="{path}" '
                 f'class="line{" flow" if arrow else ""}"/>')

    def box(self, x, y, content, kind, width=132, height=30):
        """Draw a layer centred at (x, y)."""
        fill, stroke = KINDS[kind]
        self.add(f'<rect x="{x - width / 2}" y="{y - height / 2}" '
                 f'width="{width}" height="{height}" rx="5" fill="{fill}" '
                 f'stroke="{stroke}" stroke-width="1.3"/>')
        self.text(x, y, content)

    def dashed(self, left, top, right, bottom):
        self.add(f'<rect x="{left}" y="{top}" width="{right - left}" '
                 f'height="{bottom - top}" rx="8" class="dashed"/>')

    def plus(self, x, y):
        self.add(f'<circle cx="{x}" cy="{y}" r="11" fill="white" '
                 f'stroke="{INK}" stroke-width="1.4"/>')
        self.line((x - 6, y), (x + 6, y), arrow=False)
        self.line((x, y - 6), (x, y + 6), arrow=False)

    def column(self, x, y, layers, step=48, width=132):
        """Stack layers upward from y; return the y of the topmost one."""
        for i, (content, kind) in enumerate(layers):
            if i:
                self.line((x, y - (i - 1) * step - 15),
                          (x, y - i * step + 17))
            self.box(x, y - i * step, content, kind, width)
        return y - (len(layers) - 1) * step

    def save(self, name):
        body = '\n  '.join(self.parts)
        Path(__file__).with_name(name).write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" '
            f'height="{self.height}" viewBox="0 0 {self.width} '
            f'{self.height}" role="img">\n  <title>{self.title}</title>\n'
            f'  <style>{STYLE}\n  </style>\n  <defs><marker id="arrow" '
            f'viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            f'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" '
            f'fill="{INK}"/></marker></defs>\n  <rect width="{self.width}" '
            f'height="{self.height}" rx="8" fill="white"/>\n  {body}\n'
            f'</svg>\n')


def sub(letter, index):
    """Return a letter with a subscript."""
    return (f'{letter}<tspan font-size="10" baseline-shift="sub" '
            f'font-style="normal">{index}</tspan>')


def function_classes():
    fig = Figure(700, 330, '서로를 품지 않는 함수 클래스와 중첩된 함수 클래스')
    colors = ['#1d4ed8', '#0369a1', '#0f766e', '#15803d', '#a16207', '#b45309']

    def classes(ellipses):
        for i, (cx, cy, rx, ry, angle, tx, ty) in enumerate(ellipses):
            fig.add(f'<ellipse cx="{cx}" cy="{cy}" rx="{rx}" ry="{ry}" '
                    f'transform="rotate({angle} {cx} {cy})" '
                    f'fill="{colors[i]}" fill-opacity="0.07" '
                    f'stroke="{colors[i]}" stroke-width="1.5"/>')
            fig.text(tx, ty, sub('ℱ', i + 1), 'math')

    def target(x, y):
        fig.add(f'<circle cx="{x}" cy="{y}" r="4.5" fill="#be123c"/>')
        fig.text(x + 20, y - 8, 'f<tspan font-size="11" dy="-5">*</tspan>',
                 'math')

    # Centre, radii, angle and the place of the name, from small to large.
    classes([(66, 196, 22, 17, 0, 66, 196), (118, 148, 34, 24, -30, 112, 145),
             (196, 112, 52, 30, -25, 196, 112),
             (222, 176, 64, 34, 15, 236, 178),
             (178, 214, 84, 40, 10, 170, 216),
             (180, 260, 132, 40, -4, 254, 268)])
    target(288, 62)
    classes([(420, 250, 22, 15, 0, 420, 250),
             (432, 237, 46, 34, -15, 455, 230),
             (446, 222, 72, 55, -20, 488, 205),
             (460, 207, 100, 76, -22, 522, 178),
             (474, 192, 128, 96, -24, 556, 150),
             (488, 176, 156, 115, -26, 591, 120)])
    target(652, 62)
    fig.text(172, 314, '서로를 품지 않는 함수 클래스')
    fig.text(500, 314, '중첩된 함수 클래스')
    fig.save('functionclasses.svg')


def residual_block():
    fig = Figure(580, 400, '보통 블록과 잔차 블록')
    layers = [('가중치 층', 'conv'), ('활성화 함수', 'relu'),
              ('가중치 층', 'conv')]
    for x, shortcut in [(140, False), (390, True)]:
        top = fig.column(x, 318, layers)
        fig.dashed(x - 92, top - 28, x + 92, 346)
        fig.line((x, 388), (x, 335))
        fig.text(x - 14, 376, 'x', 'math')
        fig.line((x, top - 15), (x, 160 if shortcut else 103))
        fig.box(x, 86, '활성화 함수', 'relu')
        fig.line((x, 71), (x, 38))
        fig.text(x - 24, 120, 'f(x)', 'math')
        if shortcut:
            fig.text(x - 64, 178, 'g(x) = f(x) − x', 'math')
            fig.plus(x, 148)
            fig.line((x, 137), (x, 103))
            fig.line((x, 362), (x + 122, 362), (x + 122, 148), (x + 13, 148))
            fig.text(x + 138, 255, 'x', 'math')
        fig.text(x, 22, '잔차 블록' if shortcut else '보통 블록')
    fig.save('residual-block.svg')


def resnet_block():
    fig = Figure(640, 420, '1×1 합성곱이 없는 ResNet 블록과 있는 블록')
    layers = [('3×3 합성곱', 'conv'), ('배치 정규화', 'norm'),
              ('ReLU', 'relu'), ('3×3 합성곱', 'conv'),
              ('배치 정규화', 'norm')]
    for x, conv in [(140, False), (400, True)]:
        top = fig.column(x, 346, layers)
        fig.line((x, 408), (x, 363))
        fig.line((x, top - 15), (x, 124))
        fig.plus(x, 112)
        fig.line((x, 101), (x, 87))
        fig.box(x, 70, 'ReLU', 'relu')
        fig.line((x, 55), (x, 34))
        side = x + 140 if conv else x + 100
        fig.line((x, 388), (side, 388), (side, 240 + 15 if conv else 112),
                 *([] if conv else [(x + 13, 112)]))
        if conv:
            fig.box(side, 240, '1×1 합성곱', 'conv', 104)
            fig.line((side, 225), (side, 112), (x + 13, 112))
    fig.text(140, 18, 'use_1x1conv=False')
    fig.text(400, 18, 'use_1x1conv=True')
    fig.save('resnet-block.svg')


def resnet18():
    fig = Figure(940, 250, 'ResNet-18의 구조')
    y, x = 130, 62

    def pill(content, kind, width):
        """Draw a layer standing upright, then the arrow to the next one."""
        nonlocal x
        fill, stroke = KINDS[kind]
        fig.add(f'<g transform="rotate(-90 {x} {y})">')
        fig.box(x, y, content, kind, width, 26)
        fig.add('</g>')
        x += 40

    def arrow():
        fig.line((x - 27, y), (x - 15, y))

    fig.text(20, y, '입력', 'small')
    fig.line((36, y), (47, y))
    for content, kind in [('7×7 합성곱, 64', 'conv'), ('배치 정규화', 'norm'),
                          ('ReLU', 'relu'), ('3×3 최대 풀링', 'pool')]:
        pill(content, kind, 128)
        arrow()
    for i, channels in enumerate([64, 128, 256, 512]):
        left = x - 22
        for j in range(2):
            projection = ' + 1×1' if i and not j else ''
            pill(f'잔차 블록{projection}, {channels}', 'block', 150)
            if not j:
                arrow()
        fig.dashed(left, y - 90, x - 18, y + 90)
        fig.text((left + x - 18) / 2, y + 106, f'단계 {i + 1}', 'small')
        x += 12
        fig.line((x - 39, y), (x - 15, y))
    for content, kind in [('전역 평균 풀링', 'pool'),
                          ('완전 연결층', 'dense')]:
        pill(content, kind, 128)
        arrow()
    fig.text(x + 2, y, '출력', 'small')
    fig.width = x + 26
    fig.save('resnet18-90.svg')


def resnext_block():
    fig = Figure(800, 400, 'ResNeXt 블록의 두 가지 그림')
    # All branches, drawn out.
    middle = 250
    fig.line((middle, 388), (middle, 352), arrow=False)
    for x, name in [(100, '그룹 1'), (middle, '그룹 2'), (400, '그룹 g')]:
        fig.line((middle, 352), (x, 352), (x, 327))
        fig.column(x, 310, [('1×1, b/g 채널', 'conv'),
                            ('3×3, b/g 채널', 'conv'),
                            ('1×1, c 채널', 'conv')], step=60, width=112)
        fig.text(x + 32, 160, name, 'small')
        if x == middle:
            fig.line((x, 175), (x, 143))
        else:
            fig.line((x, 175), (x, 130),
                     (middle + (13 if x > middle else -13), 130))
    fig.text(325, 250, '⋯')
    fig.plus(middle, 130)
    fig.line((middle, 119), (middle, 91))
    fig.line((middle, 372), (22, 372), (22, 78), (middle - 13, 78))
    fig.plus(middle, 78)
    fig.line((middle, 67), (middle, 36))
    fig.text(middle, 20, '갈래를 모두 그린 모습')
    # The compact form.
    x = 640
    top = fig.column(x, 310, [('1×1, b 채널', 'conv'),
                              ('3×3, b 채널, 그룹 g개', 'conv'),
                              ('1×1, c 채널', 'conv')], step=76, width=150)
    fig.line((x, 388), (x, 327))
    fig.line((x, top - 15), (x, 91))
    fig.line((x, 360), (x + 110, 360), (x + 110, 78), (x + 13, 78))
    fig.plus(x, 78)
    fig.line((x, 67), (x, 36))
    fig.text(x, 20, '간추린 모습')
    fig.save('resnext-block.svg')


def inception():
    fig = Figure(640, 300, 'Inception 블록의 네 갈래')
    fig.line((320, 290), (320, 262), arrow=False)
    branches = [[('1×1 합성곱', 'conv')],
                [('1×1 합성곱', 'conv'), ('3×3 합성곱', 'conv')],
                [('1×1 합성곱', 'conv'), ('5×5 합성곱', 'conv')],
                [('3×3 최대 풀링', 'pool'), ('1×1 합성곱', 'conv')]]
    for x, layers in zip([83, 241, 399, 557], branches, strict=True):
        y = 182 if len(layers) == 1 else 212
        fig.line((320, 262), (x, 262), (x, y + 17))
        top = fig.column(x, y, layers, step=60, width=118)
        fig.line((x, top - 15), (x, 92))
    fig.box(320, 75, '채널 방향으로 이어 붙이기', 'block', 592)
    fig.line((320, 60), (320, 24))
    fig.save('inception.svg')


def block_variants():
    fig = Figure(880, 534, '기본, 병목, ResNeXt, 사전 활성화 블록')
    norm, relu = ('배치 정규화', 'norm'), ('ReLU', 'relu')

    def conv(kernel, channels):
        return f'{kernel} 합성곱 ({channels})', 'conv'

    basic = [conv('3×3', 64), norm, relu, conv('3×3', 64), norm]
    blocks = {
        '기본 블록': basic,
        '병목 블록': [conv('1×1', 64), norm, relu, conv('3×3', 64), norm, relu,
                  conv('1×1', 256), norm],
        'ResNeXt 블록': [conv('1×1', 128), norm, relu,
                       ('3×3 그룹 32개 (128)', 'conv'), norm, relu,
                       conv('1×1', 256), norm],
        '사전 활성화 블록': [norm, relu, basic[0], norm, relu, basic[3]]}
    for i, (name, layers) in enumerate(blocks.items()):
        x = 100 + 218 * i
        top = fig.column(x, 472, layers, step=44, width=140)
        last = name == '사전 활성화 블록'
        fig.line((x, 526), (x, 489))
        fig.line((x, top - 15), (x, top - 35))
        fig.plus(x, top - 47)
        fig.line((x, top - 58), (x, top - (75 if last else 71)))
        if not last:
            fig.box(x, top - 88, 'ReLU', 'relu', 140)
            fig.line((x, top - 103), (x, top - 119))
        fig.line((x, 508), (x + 92, 508), (x + 92, top - 47),
                 (x + 13, top - 47))
        fig.text(x, top - (89 if last else 133), name)
    fig.save('block-variants.svg')


def cover():
    fig = Figure(760, 150, '지름길로 이어진 잔차 블록들')
    y = 96
    for i in range(4):
        x = 40 + 180 * i
        fig.line((x - 30, y), (x + 8, y))
        fig.box(x + 32, y, '', 'conv', 44, 64)
        fig.line((x + 54, y), (x + 66, y))
        fig.box(x + 90, y, '', 'relu', 44, 64)
        fig.line((x + 112, y), (x + 126, y))
        fig.plus(x + 139, y)
        fig.line((x - 12, y), (x - 12, 32), (x + 139, 32), (x + 139, y - 13))
    fig.line((x + 150, y), (x + 172, y))
    fig.save('cover.svg')


def pipeline():
    """The way from a section to what a reader gets, for CONTRIBUTING.md."""
    fig = Figure(960, 446, 'From a section of the chapter to the formats and '
                           'to the d2l package')
    hand, kept, built = 'block', 'norm', 'relu'

    def note(x, y, content):
        """Write small text that begins at x."""
        fig.add(f'<text x="{x}" y="{y}" dy=".35em" class="small" '
                f'style="text-anchor: start">{content}</text>')

    # To the right: what a reader gets.
    middle = 130
    fig.box(100, middle, 'chapter_resnet/*.md', hand, 160)
    fig.line((180, middle), (206, middle), arrow=False)
    fig.dashed(212, 24, 640, 228)
    fig.text(256, 38, 'book/content', 'small')
    note(242, 214, 'notebooks, one per tab')
    for y, tab in zip((70, 110, 150, 190),
                      ('pytorch', 'jax', 'tensorflow', 'mxnet'), strict=True):
        fig.line((206, middle), (206, y), (238, y))
        fig.box(306, y, tab, built, 132)
        fig.line((372, y), (400, y), (400, middle), arrow=False)
    fig.line((400, middle), (460, middle))
    fig.text(428, middle - 14, 'execute', 'small')
    fig.box(546, middle, 'outputs/‹tab›/*.ipynb', kept, 168)
    fig.text(546, middle + 28, 'make record TAB=‹tab›', 'small')
    fig.line((630, middle), (664, middle), arrow=False)
    for top, bottom, wing, formats in [
            (24, 88, 'book/pages', [(64, 'book')]),
            (98, 272, 'book/formats', [(136, 'pdf'), (172, 'epub'),
                                       (208, 'notebooks'), (244, 'slides')])]:
        fig.dashed(680, top, 940, bottom)
        fig.text(726, top + 12, wing, 'small')
        for y, name in formats:
            fig.line((664, middle), (664, y), (696, y))
            fig.box(752, y, {'book': 'HTML pages', 'pdf': 'PDF',
                             'epub': 'EPUB'}.get(name, name), built, 108)
            fig.text(872, y, f'make {name}', 'small')
    # Upward: the package.
    x = 306
    fig.line((100, 145), (100, 286), (x - 92, 286))
    fig.text(154, 272, 'make lib: cells', 'small')
    fig.text(154, 300, 'marked #@save', 'small')
    fig.column(x, 418, [('d2l/core/*.py', hand),
                        ('d2l/core/‹framework›.py', hand),
                        ('d2l/‹framework›.py', kept)], step=66, width=180)
    fig.line((x, 271), (x, 230))
    fig.text(x + 32, 250, 'import', 'small')
    note(x + 100, 418, 'no framework in it')
    note(x + 100, 352, 'the same names in each')
    # What the colours mean.
    for y, kind, meaning in [(320, hand, 'written by hand'),
                             (360, kept, 'generated, and committed'),
                             (400, built, 'built anew, not committed')]:
        fig.box(704, y, '', kind, 40, 22)
        note(736, y, meaning)
    fig.save('pipeline.svg')


if __name__ == '__main__':
    for draw in (function_classes, residual_block, resnet_block, resnet18,
                 resnext_block, block_variants, inception, cover, pipeline):
        draw()
