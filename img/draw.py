"""Draw the book's figures: `make figures` writes the SVG files beside this.

One visual language: data flows upward (or to the right), a layer is a rounded
box whose colour tells its kind, a dashed box is what is being learned, a
circle adds. The white ground is that of paper; book/pages/dark.py
makes a second palette for the dark.
"""

import math
import sys
from itertools import pairwise
from pathlib import Path

import nbformat

sys.path.append(str(Path(__file__).resolve().parents[1]))   # where book/ is

from book.content import recorded
from book.frameworks import FRAMEWORKS

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
    .start {{ text-anchor: start; }}
    .grid {{ stroke: {GRAY}; stroke-width: .6; opacity: .35; }}
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

    def mark(self, tab, x, y):
        """Draw the mark of a framework at (x, y)."""
        colour, mark = MARKS[tab]
        self.add(f'<g transform="translate({x} {y})" fill="{colour}">'
                 f'{mark}</g>')

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

    def upright(self, x, y, content, kind, width):
        """Draw a layer standing upright, centred at (x, y)."""
        self.add(f'<g transform="rotate(-90 {x} {y})">')
        self.box(x, y, content, kind, width, 26)
        self.add('</g>')

    def cell(self, left, top, size, kind=None, content=''):
        """Draw a number of a tensor, coloured where it has a kind."""
        fill, stroke = KINDS[kind] if kind else ('white', GRAY)
        self.add(f'<rect x="{left}" y="{top}" width="{size}" '
                 f'height="{size}" fill="{fill}" stroke="{stroke}" '
                 f'stroke-width="1"/>')
        if content != '':
            self.text(left + size / 2, top + size / 2, content)

    def matrix(self, left, top, rows, kind, marked=None, size=30):
        """Draw a matrix of numbers; `marked` are the coloured ones, or all.

        These are drawn last, so that their edges are whole.
        """
        places = [(i, j) for i, row in enumerate(rows)
                  for j in range(len(row))]
        for colour in (False, True):
            for i, j in places:
                if (marked is None or (i, j) in marked) == colour:
                    self.cell(left + j * size, top + i * size, size,
                              kind if colour else None,
                              str(rows[i][j]).replace('-', '−'))

    def maps(self, left, top, rows, columns, marked, n=3, size=10, gap=10):
        """Draw n×n maps, one a channel in columns and an image in rows."""
        for i in range(rows):
            for j in range(columns):
                self.matrix(left + j * (n * size + gap),
                            top + i * (n * size + gap), [[''] * n] * n,
                            'norm', None if (i, j) in marked else (), size)

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
        """Draw a layer, then go on to the place of the next one."""
        nonlocal x
        fig.upright(x, y, content, kind, width)
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
    fig = Figure(700, 390, 'Inception 블록의 네 갈래')
    fig.line((350, 380), (350, 352), arrow=False)
    relu = 'ReLU', 'relu'
    branches = [[('1×1 합성곱 (64)', 'conv'), relu],
                [('1×1 합성곱 (96)', 'conv'), relu,
                 ('3×3 합성곱 (128)', 'conv'), relu],
                [('1×1 합성곱 (16)', 'conv'), relu,
                 ('5×5 합성곱 (32)', 'conv'), relu],
                [('3×3 최대 풀링', 'pool'), ('1×1 합성곱 (32)', 'conv'), relu]]
    for x, layers in zip([93, 265, 437, 609], branches, strict=True):
        y = 232 + 24 * (len(layers) - 1)
        fig.line((350, 352), (x, 352), (x, y + 17))
        top = fig.column(x, y, layers, width=132)
        fig.line((x, top - 15), (x, 92))
    fig.box(350, 75, '채널 방향으로 이어 붙이기 (256)', 'block', 648)
    fig.line((350, 60), (350, 24))
    fig.save('inception.svg')


def googlenet():
    fig = Figure(1100, 250, 'GoogLeNet의 구조')
    y, x = 130, 62
    fig.text(20, y, '입력', 'small')
    fig.line((36, y), (47, y))
    pool = '3×3 최대 풀링', 'pool'

    def group(layers, name):
        nonlocal x
        left = x - 22
        for i, (content, kind) in enumerate(layers):
            if i:
                fig.line((x - 27, y), (x - 15, y))
            fig.upright(x, y, content, kind, 128)
            x += 40
        if name:
            fig.dashed(left, y - 80, x - 18, y + 80)
            fig.text((left + x - 18) / 2, y + 96, name, 'small')
        x += 12
        fig.line((x - 39, y), (x - 15, y))

    group([('7×7 합성곱, 64', 'conv'), pool], '')
    group([('1×1 합성곱, 64', 'conv'), ('3×3 합성곱, 192', 'conv'), pool], '')
    for name, channels in [('2개', (256, 480)),
                           ('5개', (512, 512, 512, 528, 832)),
                           ('2개', (832, 1024))]:
        group([(f'Inception, {c}', 'block') for c in channels], name)
        if channels[-1] < 1024:
            group([pool], '')
    group([('전역 평균 풀링', 'pool'), ('완전 연결층', 'dense')], '')
    fig.text(x + 2, y, '출력', 'small')
    fig.width = x + 26
    fig.save('googlenet.svg')


def input_channels():
    fig = Figure(690, 300, '입력 채널이 두 개인 합성곱')
    corner = {(0, 0), (0, 1), (1, 0), (1, 1)}
    channels = [('채널 1', [[1, 2, 0], [3, 1, 2], [0, 1, 4]],
                 [[1, 0], [2, -1]], [[6, 2], [2, -1]]),
                ('채널 2', [[0, 1, 1], [2, 0, 1], [1, 3, 0]],
                 [[2, 1], [0, 1]], [[1, 4], [7, 1]])]
    for top, (name, X, K, Y) in zip([50, 180], channels, strict=True):
        middle = top + 45
        fig.text(36, middle, name, 'small')
        fig.matrix(70, top, X, 'block', corner)
        fig.text(184, middle, '∗')
        fig.matrix(208, middle - 30, K, 'conv')
        fig.text(292, middle, '=')
        fig.matrix(316, middle - 30, Y, 'norm', {(0, 0)})
        fig.line((382, middle), (460, middle),
                 (460, 148 if top < 100 else 172))
    for x, name in [(115, '입력'), (238, '커널'), (346, '채널마다의 결과')]:
        fig.text(x, 24, name, 'small')
    fig.plus(460, 160)
    fig.line((471, 160), (536, 160))
    fig.matrix(544, 130, [[7, 6], [9, 0]], 'norm', {(0, 0)})
    fig.text(574, 24, '출력', 'small')
    fig.width = 640
    fig.save('input-channels.svg')


def output_channels():
    fig = Figure(580, 300, '입력 채널이 두 개, 출력 채널이 세 개인 합성곱')
    for i in (1, 0):        # the first channel in front
        fig.matrix(40 + 16 * i, 110 + 16 * i, [[''] * 4] * 4, 'block',
                   None, 18)
    fig.text(84, 24, '입력 채널 2개', 'small')
    fig.text(290, 24, '커널 3 × 2장', 'small')
    fig.text(494, 24, '출력 채널 3개', 'small')
    for y in (80, 160, 240):
        fig.line((136, 160), (180, 160), (180, y), (228, y))
        for i in (1, 0):
            fig.matrix(238 + 56 * i, y - 24, [[''] * 3] * 3, 'conv',
                       None, 16)
        fig.line((348, y), (458, y))
        fig.matrix(466, y - 28, [[''] * 4] * 4, 'norm', None, 14)
        fig.text(402, y - 12, '더하기', 'small')
    fig.save('output-channels.svg')


def output_size():
    fig = Figure(520, 290, '패딩과 스트라이드')
    size, left, top = 30, 70, 60
    kernel = {(i, j) for i in range(3) for j in range(3)}
    fig.matrix(left - size, top - size, [[''] * 3] * 3, 'conv', kernel, size)
    for i in range(5):
        for j in range(5):
            if (i + 1, j + 1) not in kernel:
                fig.cell(left + j * size, top + i * size, size)
    fig.dashed(left - size, top - size, left + 6 * size, top + 6 * size)
    for i in (0, 2, 4):
        for j in (0, 2, 4):
            fig.add(f'<circle cx="{left - size / 2 + j * size}" '
                    f'cy="{top - size / 2 + i * size}" r="4.5" '
                    f'fill="{INK}"/>')
    fig.text(left + 75, 16, '입력 5×5, 패딩 1', 'small')
    fig.line((266, 135), (356, 135))
    fig.text(310, 119, '스트라이드 2', 'small')
    fig.matrix(370, 90, [[''] * 3] * 3, 'norm', {(0, 0)}, size)
    fig.text(415, 16, '출력 3×3', 'small')
    fig.height = 262
    fig.save('output-size.svg')


def receptive_field():
    fig = Figure(440, 250, '3×3 합성곱 두 개의 수용 영역')
    size, step = 34, 56
    rows = [('입력', 190, 5, 'block'), ('첫째 층', 110, 3, 'conv'),
            ('둘째 층', 30, 1, 'norm')]
    for (_, below, n, _), (_, top, m, _) in pairwise(rows):
        for j in range(m):
            for k in range(3):
                fig.line((240 + (j + k - (n - 1) / 2) * step, below),
                         (240 + (j - (m - 1) / 2) * step, top + size),
                         arrow=False)
    for name, top, n, kind in rows:
        for j in range(n):
            fig.cell(240 + (j - (n - 1) / 2) * step - size / 2, top, size,
                     kind)
        fig.text(50, top + size / 2, name, 'small')
    fig.save('receptive-field.svg')


def batch_norm_axes():
    fig = Figure(560, 270, '배치 정규화가 평균과 분산을 구하는 범위')
    fig.matrix(90, 60, [[''] * 3] * 4, 'norm', {(i, 1) for i in range(4)}, 40)
    fig.text(150, 40, '특성 →', 'small')
    fig.text(56, 140, '배치 ↓', 'small')
    fig.text(150, 250, '완전 연결층 뒤')
    fig.maps(360, 60, 4, 3, {(i, 1) for i in range(4)})
    fig.text(415, 40, '채널 →', 'small')
    fig.text(326, 135, '배치 ↓', 'small')
    fig.line((478, 75), (498, 75), arrow=False)
    fig.text(526, 66, '높이', 'small')
    fig.text(526, 84, '× 너비', 'small')
    fig.text(415, 250, '합성곱층 뒤')
    fig.save('batch-norm-axes.svg')


def group_norm():
    fig = Figure(700, 230, '배치, 층, 그룹 정규화가 함께 모으는 값')
    for left, name, marked in [
            (70, '배치 정규화', {(i, 1) for i in range(3)}),
            (295, '층 정규화', {(1, j) for j in range(4)}),
            (520, '그룹 정규화', {(1, 0), (1, 1)})]:
        fig.maps(left, 56, 3, 4, marked)
        fig.text(left + 75, 36, '채널 →', 'small')
        fig.text(left - 28, 111, '배치 ↓', 'small')
        fig.text(left + 75, 204, name)
    fig.save('group-norm.svg')


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


def unraveled():
    fig = Figure(600, 500, '잔차 블록 세 개와, 그것을 펼친 여덟 개의 길')
    names = ['g₀', 'g₁', 'g₂']

    def branch(x, y, i):
        fig.box(x, y, '', 'block', 56, 28)
        fig.text(x, y, names[i], 'math')

    # To the right: the blocks in a row.
    y = 82
    fig.text(24, y, 'x₀', 'math')
    for i in range(3):
        x = 145 + 160 * i
        fig.line((x - (107 if i == 0 else 74), y), (x - 30, y))
        branch(x, y, i)
        fig.line((x + 28, y), (x + 60, y))
        fig.plus(x + 74, y)
        fig.line((x - 58, y), (x - 58, 38), (x + 74, 38), (x + 74, 69))
    fig.line((550, y), (566, y))
    fig.text(582, y, 'x₃', 'math')
    # Below: every way through them, those with few branches first.
    ways = [(), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]
    top, middle, bottom = 162, 302, 442
    fig.text(24, middle, 'x₀', 'math')
    fig.line((38, middle), (60, middle), arrow=False)
    fig.line((60, top), (60, bottom), arrow=False)
    fig.line((512, top), (512, bottom), arrow=False)
    for row, way in enumerate(ways):
        y, left = top + 40 * row, 60
        for i in way:
            x = 145 + 140 * i
            fig.line((left, y), (x - 30, y))
            branch(x, y, i)
            left = x + 28
        fig.line((left, y), (512, y), arrow=False)
    fig.line((512, middle), (526, middle))
    fig.plus(539, middle)
    fig.line((550, middle), (566, middle))
    fig.text(582, middle, 'x₃', 'math')
    fig.text(285, 480, '블록마다 갈래를 지나거나 건너뜁니다', 'small')
    fig.save('unraveled.svg')


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


def three_errors():
    fig = Figure(620, 250, '근사 오차, 추정 오차, 최적화 오차')
    fig.add('<ellipse cx="190" cy="130" rx="172" ry="104" fill="#1d4ed8" '
            'fill-opacity="0.07" stroke="#1d4ed8" stroke-width="1.5"/>')
    fig.text(60, 112, 'ℱ', 'math')
    best, chosen, trained, target = ((361, 120), (236, 84), (120, 172),
                                     (540, 60))
    for start, end, name, x, y in [(target, best, '근사 오차', 474, 108),
                                   (best, chosen, '추정 오차', 286, 122),
                                   (chosen, trained, '최적화 오차', 116, 138)]:
        fig.line(start, end, arrow=False)
        fig.text(x, y, name)
    for (x, y), colour in [(target, '#be123c'), (best, INK), (chosen, INK),
                           (trained, INK)]:
        fig.add(f'<circle cx="{x}" cy="{y}" r="4.5" fill="{colour}"/>')
    star = '<tspan font-size="11" dy="-5">*</tspan>'
    fig.text(target[0] + 16, target[1] - 14, f'f{star}', 'math')
    fig.text(chosen[0] - 4, chosen[1] - 20,
             f'f{star}<tspan font-size="10" dy="12">ℱ</tspan>', 'math')
    fig.text(best[0] + 96, best[1] + 34, '클래스에서 가장 가까운 함수',
             'small')
    fig.text(chosen[0] - 66, chosen[1] - 2, '데이터로 고른 함수', 'small')
    fig.text(trained[0], trained[1] + 22, '훈련이 찾아낸 함수', 'small')
    fig.save('three-errors.svg')


def grouped_convolution():
    fig = Figure(600, 272, '그룹 합성곱과 블록 대각 행렬')
    kinds = ['conv', 'norm', 'relu', 'dense']
    size, step = 22, 30
    # Left: channels in four groups, below the inputs, above the outputs.
    for g, kind in enumerate(kinds):
        places = [40 + (2 * g + i) * step for i in (0, 1)]
        for below in places:
            for above in places:
                fig.line((below, 202), (above, 96))
        for x in places:
            fig.box(x, 215, '', kind, size, size)
            fig.box(x, 80, '', kind, size, size)
    fig.text(145, 250, '입력 채널 8개')
    fig.text(145, 46, '출력 채널 8개')
    # Right: the matrix at one place of the kernel.
    left, top, cell = 345, 62, 21
    for row in range(8):
        for column in range(8):
            x, y = left + (column + .5) * cell, top + (row + .5) * cell
            if row // 2 == column // 2:
                fig.box(x, y, '', kinds[row // 2], cell, cell)
            else:
                fig.text(x, y, '0', 'small')
    right, bottom = left + 8 * cell, top + 8 * cell
    fig.dashed(left - 3, top - 3, right + 3, bottom + 3)
    fig.text((left + right) / 2, bottom + 20, '입력 채널')
    fig.text(left - 34, (top + bottom) / 2 - 9, '출력')
    fig.text(left - 34, (top + bottom) / 2 + 9, '채널')
    fig.text(right + 42, top + 40, '0이 아닌')
    fig.text(right + 42, top + 58, '가중치는')
    fig.text(right + 42, top + 76, '16개')
    fig.text((left + right) / 2, 30, '커널의 한 위치에 있는 가중치')
    fig.save('grouped-convolution.svg')


# torchvision's models: name, year, parameters in 10^4, multiply-adds in 10^8
# at 224×224, top-1 error on ImageNet in per cent. The last has the weights of
# the recipe of 2021, the others the first that torchvision published.
MODELS = [('AlexNet', 2012, 6110, 7.1, 43.5),
          ('VGG-16', 2014, 13836, 154.7, 28.4),
          ('GoogLeNet', 2014, 662, 15.0, 30.2),
          ('ResNet-18', 2015, 1169, 18.1, 30.2),
          ('ResNet-50', 2015, 2556, 40.9, 23.9),
          ('ResNet-152', 2015, 6019, 115.1, 21.7),
          ('ResNeXt-50', 2016, 2503, 42.3, 22.4),
          ('ResNeXt-101', 2016, 8879, 164.1, 20.7),
          ('RegNetX-3.2', 2020, 1530, 31.8, 21.6),
          ('ViT-B/16', 2020, 8657, 175.6, 18.9),
          ('ConvNeXt-T', 2022, 2859, 44.6, 17.5),
          ('ConvNeXt-B', 2022, 8859, 153.5, 15.9),
          ('ResNet-50, 2021년의 훈련법', 2021, 2556, 40.9, 19.1)]


def cost_by_year():
    fig = Figure(780, 530, 'ImageNet 모델의 오차와 비용, 해마다')
    columns = {2012: 66, 2014: 170, 2015: 290, 2016: 410, 2020: 530,
               2021: 290, 2022: 656}

    def height(error):
        return round(30 + 435 * math.log(45 / error), 1)

    for error in (15, 20, 25, 30, 40):
        fig.add(f'<line x1="46" x2="770" y1="{height(error)}" '
                f'y2="{height(error)}" class="grid"/>')
        fig.text(24, height(error), f'{error}%', 'small')
    for year, x in columns.items():
        if year != 2021:
            fig.text(x + 34, 518, f'{year}년')
    for name, year, params, macs, error in MODELS:
        x, y = columns[year], height(error)
        kind = ('norm' if year == 2021 else 'dense' if year < 2015 else
                'conv' if year < 2017 else 'relu')
        fill, stroke = KINDS[kind]
        radius = round(1.3 * math.sqrt(macs), 1)
        fig.add(f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{fill}" '
                f'stroke="{stroke}" stroke-width="1.3"/>')
        left = x + radius + 4
        fig.add(f'<text x="{left}" y="{y - 7}" dy=".35em" '
                f'class="start">{name}</text>')
        fig.add(f'<text x="{left}" y="{y + 8}" dy=".35em" '
                f'class="small start">{params:,}만 · {macs:.0f}억</text>')
    fig.save('cost-by-year.svg')


def anynet():
    fig = Figure(800, 470, 'AnyNet: 네트워크, 단계, 블록')
    # Left: the network.
    x, bottom = 110, 400
    layers = [('스템', 'conv')] + [(f'단계 {i}', 'block') for i in
                                  range(1, 5)] + [('헤드', 'dense')]
    fig.line((x, 446), (x, bottom + 17))
    fig.text(x + 26, 436, '입력', 'small')
    top = fig.column(x, bottom, layers, step=60)
    fig.line((x, top - 15), (x, top - 46))
    fig.text(x + 26, top - 36, '로짓', 'small')
    fig.dashed(x - 86, bottom - 4 * 60 - 24, x + 86, bottom - 60 + 24)
    fig.text(x + 112, bottom - 150, '몸체', 'small')
    fig.text(x, 20, '네트워크')
    # Middle: a stage. Its blocks differ in the first one's stride.
    x = 380
    wi = sub('w', 'i')
    fig.line((x, 446), (x, bottom + 17))
    fig.column(x, bottom, [('블록 1, 스트라이드 2', 'block'),
                           ('블록 2', 'block')], step=84, width=156)
    fig.line((x, bottom - 84 - 15), (x, bottom - 128))
    fig.text(x, bottom - 146, '⋮')
    fig.line((x, bottom - 164), (x, bottom - 205))
    fig.box(x, bottom - 222, f'블록 {sub("d", "i")}', 'block', 156)
    fig.line((x, bottom - 237), (x, bottom - 268))
    fig.text(x + 50, bottom - 42, '해상도가 절반', 'small')
    fig.text(x, 20, '단계 i')
    # Right: a block.
    x = 650
    bot = f'{wi}/{sub("b", "i")}'
    fig.line((x, 446), (x, bottom + 17))
    top = fig.column(x, bottom, [(f'1×1 합성곱 ({bot})', 'conv'),
                                 (f'3×3 그룹 합성곱 ({bot})', 'conv'),
                                 (f'1×1 합성곱 ({wi})', 'conv')],
                     step=84, width=176)
    fig.text(x + 54, bottom - 126, f'그룹마다 {sub("g", "i")}채널', 'small')
    fig.line((x, top - 15), (x, 173))
    fig.plus(x, 160)
    fig.line((x, 149), (x, 117))
    fig.box(x, 100, 'ReLU', 'relu')
    fig.line((x, 85), (x, 54))
    fig.line((x, 432), (x + 116, 432), (x + 116, 160), (x + 13, 160))
    fig.text(x, 20, '블록')
    fig.save('anynet.svg')


def design_spaces():
    fig = Figure(700, 300, '중첩된 설계 공간 A, B, C, D, E')
    conditions = ['조건 없음', '병목 비율을 함께', '그룹 너비도 함께',
                  '너비가 줄지 않음', '깊이도 줄지 않음']
    colors = ['#1d4ed8', '#0369a1', '#0f766e', '#15803d', '#a16207']
    for i, (name, condition) in enumerate(zip('ABCDE', conditions,
                                              strict=True)):
        left, top, right, bottom = (20 + 128 * i, 20 + 16 * i, 680 - 8 * i,
                                    280 - 16 * i)
        fig.add(f'<rect x="{left}" y="{top}" width="{right - left}" '
                f'height="{bottom - top}" rx="14" fill="{colors[i]}" '
                f'fill-opacity="0.07" stroke="{colors[i]}" '
                f'stroke-width="1.5"/>')
        fig.text(left + 62, 138, name, 'math')
        fig.text(left + 62, 162, condition, 'small')
    fig.save('design-spaces.svg')


MARKS = {   # tab: colour, mark around (0, 0)
    'pytorch': ('#be123c', '<circle r="4"/>'),
    'jax': ('#1d4ed8', '<path d="M-3.6-3.6h7.2v7.2h-7.2z"/>'),
    'tensorflow': ('#a16207', '<path d="M0-4.6 4.6 3.6h-9.2z"/>'),
    'mxnet': ('#15803d', '<path d="M0-5 5 0 0 5-5 0z"/>')}


def training_curves(recordings='outputs'):
    """The epochs of ResNet-18 as they were recorded in each tab."""
    fig = Figure(760, 300, '기록한 ResNet-18의 훈련: 손실과 정확도')
    epochs = {tab: history(recordings, tab) for tab in MARKS}
    for i, tab in enumerate(MARKS):
        fig.mark(tab, 190 + 110 * i, 22)
        fig.add(f'<text x="{200 + 110 * i}" y="22" dy=".35em" '
                f'class="start">{FRAMEWORKS[tab].name}</text>')
    top, bottom = 70, 256
    for i, (name, label) in enumerate([
            ('train_loss', '훈련 손실'), ('val_loss', '검증 손실'),
            ('val_acc', '검증 정확도')]):
        values = {tab: [float(epoch[name]) for epoch in epochs[tab]]
                  for tab in MARKS}
        low, high = round_limits(sum(values.values(), []))
        left, right = 48 + 244 * i, 250 + 244 * i
        fig.text((left + right) / 2, 50, label)

        def place(epoch, value, low=low, high=high, left=left):
            return (round(left + 12 + (epoch - 1) * 20, 1),
                    round(bottom - (value - low) / (high - low)
                          * (bottom - top), 1))

        steps = round((high - low) / .1)
        for k in range(steps + 1):
            value = low + k * .1
            _, y = place(1, value)
            fig.add(f'<line x1="{left}" x2="{right}" y1="{y}" y2="{y}" '
                    f'class="grid"/>')
            fig.text(left - 16, y, f'{value:.1f}', 'small')
        for epoch in (1, 5, 10):
            fig.text(place(epoch, low)[0], bottom + 14, str(epoch), 'small')
        fig.text((left + right) / 2, bottom + 32, '에포크', 'small')
        for tab, (colour, _) in MARKS.items():
            points = [place(n, value)
                      for n, value in enumerate(values[tab], 1)]
            path = ' '.join(f'{x},{y}' for x, y in points)
            fig.add(f'<polyline points="{path}" fill="none" '
                    f'stroke="{colour}" stroke-width="1.5"/>')
            for point in points:
                fig.mark(tab, *point)
    fig.save('training-curves.svg')


def round_limits(values):
    """Return the tenths below and above all values."""
    return math.floor(min(values) * 10) / 10, math.ceil(max(values) * 10) / 10


def history(recordings, tab):
    """Return the epochs of the first training that the section recorded."""
    nb = nbformat.read(Path(recordings, tab, 'chapter_resnet/resnet.ipynb'),
                       as_version=4)
    return next(filter(None, map(recorded.history, nb.cells)))


if __name__ == '__main__':
    for draw in (function_classes, residual_block, resnet_block, resnet18,
                 resnext_block, block_variants, inception, googlenet,
                 input_channels, output_channels, output_size,
                 receptive_field, batch_norm_axes, group_norm, cover,
                 pipeline, grouped_convolution, cost_by_year, three_errors,
                 unraveled, anynet, design_spaces, training_curves):
        draw()
