"""The covers of the demo's posts, by the number that the file of the post begins with."""

from math import sin

from .sheet import (
    BRICK,
    CORAL,
    DEEP,
    INK,
    LEAF,
    MIST,
    OCHRE,
    PAPER,
    ROSE,
    SAGE,
    SAND,
    SKY,
    TEAL,
    Sheet,
    around,
    curve,
)


def draw_table() -> Sheet:
    """A long table from above, with a sheet of paper and a cup at each of five places."""
    s = Sheet(TEAL)
    s.box(0, 0, 1440, 960, TEAL, (DEEP, 70, 0.8))
    s.box(120, 270, 1230, 440, DEEP, None, 36)
    s.box(100, 250, 1230, 440, OCHRE, (CORAL, 60, 0.6), 36)
    for y in (360, 470, 580):
        s.line([(130, y), (1300, y)], 2, '#d79c3f')
    for x, y, turn, cup in ((190, 285, -7, CORAL), (560, 280, 4, SKY), (950, 290, -3, INK), (360, 490, 6, PAPER),
                            (790, 495, -5, SAGE)):
        s.box(x, y, 150, 180, PAPER, (SAND, 50, 0.9), 4, turn)
        for row in range(6):
            s.line([(x + 26, y + 36 + row * 21), (x + (70 if row == 5 else 122), y + 36 + row * 21)], 5, INK)
        s.circle(x + 218, y + 92, 44, '#c98a35')
        s.circle(x + 212, y + 86, 44, cup)
        s.circle(x + 212, y + 86, 31, BRICK, (INK, 60, 0.7))
    for x, y, colour in ((330, 150, CORAL), (720, 150, SKY), (1110, 150, OCHRE), (530, 800, PAPER), (940, 800, SAGE)):
        s.circle(x, y, 62, colour, (INK, 60, 0.35))
    return s


def draw_frame() -> Sheet:
    """A wooden frame on paving stones, with what grows in the joints."""
    s = Sheet(SAND, seed=2)
    for row in range(5):
        for column in range(-1, 6):
            x, y = column * 290 + (row % 2) * 145, row * 200 - 10
            s.box(x, y, 276, 186, ('#cfc4ae', '#d8cdb6', '#c8beaa')[(row + column) % 3], ('#8f8a7d', 70, 0.5), 8)
    for x, y in ((430, 384), (712, 384), (576, 560), (864, 578), (1005, 384), (570, 290), (1003, 690), (290, 580),
            (140, 190)):
        for turn in range(0, 360, 60):
            s.leaf(x, y, s.chance.uniform(40, 66), 24, turn + s.chance.uniform(-15, 15), SAGE, (LEAF, turn, 1))
        s.circle(x, y, 8, CORAL)
    for x, y, w, h in ((392, 172, 656, 42), (392, 786, 656, 42), (392, 172, 42, 656), (1006, 172, 42, 656)):
        s.box(x + 10, y + 12, w, h, '#8f8a7d', None, 4)
    for x, y, w, h in ((392, 172, 656, 42), (392, 786, 656, 42), (392, 172, 42, 656), (1006, 172, 42, 656)):
        s.box(x, y, w, h, OCHRE, (BRICK, 50, 0.6), 4)
    for x in (413, 1027):
        for y in (193, 807):
            s.circle(x, y, 9, INK)
    return s


def draw_egg_box() -> Sheet:
    """Screws in an egg box, and the bell."""
    s = Sheet(CORAL, seed=3)
    s.box(0, 0, 1440, 960, CORAL, (BRICK, 60, 0.7))
    s.box(172, 232, 850, 560, BRICK, None, 44, -4)
    s.box(150, 205, 850, 560, MIST, ('#9db7b2', 60, 0.8), 44, -4)
    for row in range(2):
        for column in range(3):
            x, y = 295 + column * 275 + row * 18, 360 + row * 250 - column * 19
            s.circle(x, y, 108, '#8fb0ab', (DEEP, 240, 0.7))
            s.circle(x + 8, y + 8, 84, '#b5cdc8', (TEAL, 60, 0.4))
            kind = (row * 3 + column) % 3
            for n in range(2 + kind):
                sx, sy = around(x, y, 34, n * 130 + column * 40)
                if kind == 0:
                    s.line([(sx, sy), (sx + 34, sy + 24)], 9, OCHRE)
                s.circle(sx, sy, 20, (OCHRE, INK, PAPER)[kind], (INK, 60, 0.4))
                s.line([(sx - 10, sy - 6), (sx + 10, sy + 6)], 4, (INK, PAPER, INK)[kind])
    s.oval(1210, 690, 140, 26, BRICK)
    s.shape(curve(1200, 660, 130, 150, 180, 360), OCHRE, (CORAL, 40, 0.9))
    s.box(1050, 652, 300, 30, INK, None, 15)
    s.box(1190, 480, 20, 40, INK, None, 6)
    s.circle(1200, 478, 20, INK)
    return s


def draw_boat() -> Sheet:
    """Eight people who carry a boat at sunrise."""
    s = Sheet(ROSE, seed=4)
    s.box(0, 0, 1440, 700, ROSE, (OCHRE, 90, 1))
    s.circle(1010, 640, 190, CORAL, (OCHRE, 270, 0.9))
    s.box(0, 640, 1440, 320, TEAL, (DEEP, 90, 1))
    for y, x in ((665, 900), (690, 960), (718, 930)):
        s.line([(x, y), (x + 190, y)], 7, CORAL)
    s.box(0, 770, 1440, 190, INK)
    for n in range(8):
        x, swing = 210 + n * 135, 34 if n % 2 else -34
        colour = (DEEP, BRICK)[n % 2]
        s.line([(x, 620), (x + swing, 720), (x + swing - 14, 800)], 27, INK)
        s.line([(x, 620), (x - swing, 720), (x - swing - 22, 800)], 27, INK)
        s.box(x - 34, 470, 68, 165, colour, (INK, 60, 0.6), 30)
        s.line([(x + 20, 500), (x + 42, 440), (x + 24, 400)], 18, (ROSE, BRICK, '#7b4a38', SAND)[n % 4])
        s.circle(x, 430, 32, ('#7b4a38', SAND, ROSE, BRICK)[n % 4], (INK, 60, 0.3))
    hull = [*curve(720, 372, 690, 44, 0, 180)]
    s.shape([*hull, (30, 366), (1410, 366)], PAPER, (SAND, 90, 1))
    s.line([(36, 368), (1404, 368)], 8, CORAL)
    return s


def draw_rain_and_books() -> Sheet:
    """Books that stand like the bars of a chart, below rain."""
    s = Sheet(SKY, seed=6)
    s.box(0, 0, 1440, 960, SKY, (TEAL, 270, 0.8))
    for _ in range(75):
        x, y = s.chance.uniform(-40, 1440), s.chance.uniform(-60, 560)
        s.line([(x, y), (x - 22, y + 66)], 4, PAPER)
    colours = (DEEP, CORAL, PAPER, INK, OCHRE, TEAL, BRICK, MIST, SAGE)
    x, heights = 80, (250, 290, 270, 340, 320, 390, 430, 410, 500, 560, 530, 420, 370)
    for n, height in enumerate(heights):
        width, colour = 78 + (n * 37) % 44, colours[n * 4 % 9]
        s.box(x, 850 - height, width - 4, height, colour, (INK, 0, 0.5), 6)
        for y in (46, 62, height - 60):
            s.box(x, 850 - height + y, width - 4, 7, OCHRE if colour not in (OCHRE, PAPER) else INK)
        x += width
    s.box(0, 850, 1440, 110, BRICK, (INK, 90, 0.8))
    return s


def draw_bicycle() -> Sheet:
    """The wheel and the chain of a bicycle, close."""
    s = Sheet(OCHRE, seed=7)
    s.box(0, 0, 1440, 960, OCHRE, (CORAL, 40, 0.6))
    s.ring(470, 520, 390, 44, INK)
    s.ring(470, 520, 356, 12, PAPER)
    for n in range(28):
        a = n * 360 / 28
        s.line([around(470, 520, 36, a + (70 if n % 2 else -70)), around(470, 520, 350, a)], 4, DEEP)
    s.circle(470, 520, 52, INK)
    s.circle(470, 520, 22, CORAL)
    s.line([(470, 520), (1130, 600)], 30, TEAL)
    s.line([(470, 520), (930, -40)], 26, TEAL)
    s.line([(1130, 600), (900, -60)], 34, TEAL)
    s.line([(1130, 600), (1500, 60)], 34, TEAL)
    s.line([(470, 468), (1120, 440)], 9, INK)
    s.line([(470, 572), (1140, 760)], 9, INK)
    for n in range(24):
        s.circle(*around(1130, 600, 164, n * 15), 15, INK)
    s.circle(1130, 600, 158, INK)
    for n in range(5):
        s.circle(*around(1130, 600, 96, n * 72 + 20), 40, OCHRE)
    s.circle(1130, 600, 40, PAPER, (SAND, 60, 1))
    s.line([(1130, 600), (1290, 800)], 30, PAPER)
    s.box(1220, 790, 170, 44, CORAL, (BRICK, 90, 0.9), 14)
    return s


def draw_notebook() -> Sheet:
    """A notebook with a pencil on a string, and a pressed fern."""
    s = Sheet(SAGE, seed=8)
    s.box(0, 0, 1440, 960, SAGE, (LEAF, 60, 1))
    s.box(250, 150, 940, 690, INK, None, 20, 3)
    s.box(236, 128, 470, 690, PAPER, (SAND, 0, 1), 10, 3)
    s.box(706, 152, 470, 690, PAPER, (SAND, 180, 1), 10, 3)
    for row in range(13):
        y = 235 + row * 42
        s.line([(772, y), (1120 if row % 4 != 3 else 960, y + 18)], 4, TEAL)
    for row in range(0, 13, 2):
        s.circle(756, 234 + row * 42, 7, CORAL)
    stem = [(430 + 50 * sin(t / 6), 740 - t * 24) for t in range(22)]
    s.line(stem, 8, LEAF)
    for n, (x, y) in enumerate(stem[2:], 2):
        size = 150 - n * 6
        s.leaf(x, y, size, 30, -28, LEAF, (INK, 0, 0.7))
        s.leaf(x, y, size, 30, 208, LEAF, (INK, 180, 0.7))
    s.line(curve(1110, 240, 250, 150, 250, 400), 5, CORAL)
    s.line([(1060, 800), (1290, 340)], 34, OCHRE)
    s.shape([(1045, 792), (1076, 808), (1040, 856)], SAND)
    s.shape([(1046, 830), (1056, 836), (1040, 856)], INK)
    s.line([(1283, 354), (1294, 332)], 34, CORAL)
    return s


def draw_bread() -> Sheet:
    """A loaf that is cut into a quarter, a seventh and the rest."""
    s = Sheet(TEAL, seed=9)
    s.box(0, 0, 1440, 960, TEAL, (DEEP, 60, 0.9))
    s.box(170, 130, 1000, 740, BRICK, (INK, 60, 0.6), 60)
    s.circle(690, 520, 330, INK)
    for first, last, dx, dy, light in ((0, 88, 22, 22, 1), (92, 142, -12, 30, 0), (146, 157, -34, 16, 1), (161, 268,
            -14, -14, 0), (272, 356, 14, -14, 1)):
        points = [(660 + dx, 490 + dy), *curve(660 + dx, 490 + dy, 318, 318, first, last)]
        s.shape(points, OCHRE, (BRICK, 60, 0.8))
        s.shape([(660 + dx, 490 + dy), *curve(660 + dx, 490 + dy, 278, 278, first, last)], SAND if light else '#f0dfbd',
                (OCHRE, 60, 0.8))
        for _ in range(int((last - first) / 5)):
            x, y = around(660 + dx, 490 + dy, s.chance.uniform(70, 255), s.chance.uniform(first + 5, last - 4))
            s.oval(x, y, s.chance.uniform(6, 15), 6, '#cfa565', None, s.chance.uniform(0, 90))
    s.box(1090, 150, 74, 430, PAPER, (SKY, 0, 1), 34)
    s.box(1090, 560, 74, 250, INK, (DEEP, 0, 1), 24)
    for y in (630, 690, 750):
        s.circle(1127, y, 9, OCHRE)
    return s


def draw_tide() -> Sheet:
    """The moon, and waves below it that rise and fall like a curve."""
    s = Sheet(DEEP, seed=10)
    s.box(0, 0, 1440, 960, DEEP, (INK, 270, 1))
    s.circle(1010, 270, 150, PAPER, (OCHRE, 50, 0.9))
    for x, y, r in ((960, 230, 26), (1040, 310, 38), (1060, 210, 16)):
        s.circle(x, y, r, SAND)
    for n, (colour, low) in enumerate(((TEAL, 520), (SKY, 610), ('#5fb0b5', 690), (CORAL, 770), (INK, 850))):
        top = [(x, low + (62 - 6 * n) * sin(x / 175 + n * 1.1)) for x in range(0, 1453, 12)]
        s.shape([*top, (1452, 960), (0, 960)], colour, (DEEP if n < 3 else INK, 90, 0.6))
    for n in range(13):
        x = 80 + n * 107
        s.line([(x, 60), (x, 100 if n % 3 == 0 else 80)], 5, SKY)
    return s


def draw_library_card() -> Sheet:
    """The card of a book with its stamps, and a bee."""
    s = Sheet(OCHRE, seed=11)
    s.box(0, 0, 1440, 960, OCHRE, (CORAL, 50, 0.4))
    for row in range(7):
        for column in range(10):
            x, y = column * 166 + (row % 2) * 83 - 40, row * 144 - 10
            s.ring(x, y, 84, 5, '#d8983c') if (row + column) % 3 else s.circle(x, y, 70, '#dda044')
    s.box(392, 92, 620, 800, BRICK, None, 12, -5)
    s.box(376, 74, 620, 800, PAPER, (SAND, 60, 1), 12, -5)
    for row in range(10):
        y = 250 + row * 58
        s.line([(430 + row * 5, y + 26), (950 + row * 5, y - 20)], 3, SKY)
    s.line([(600, 230), (664, 800)], 4, CORAL)
    s.line([(452, 190), (820, 158)], 18, INK)
    for row, x in ((0, 690), (1, 705), (2, 690), (4, 712)):
        y = 218 + row * 58
        for part, width in enumerate((46, 66, 90)):
            start = x + sum((46, 66, 90)[:part]) + part * 14
            s.line([(start, y), (start + width - 14, y - 3)], 15, TEAL if row != 4 else CORAL)
    s.ring(860, 690, 86, 8, CORAL, 0.62)
    s.ring(860, 690, 66, 4, CORAL, 0.55)
    s.line([(826, 694), (894, 686)], 9, CORAL)
    bee = (1150, 300)
    for turn in (-150, -100):
        s.leaf(*bee, 170, 100, turn, MIST, (SKY, 0, 1))
    s.oval(*bee, 110, 70, INK, None, 20)
    for dx in (-50, 0, 50):
        s.line([(bee[0] + dx + 12, bee[1] - 50 + dx * 0.36), (bee[0] + dx - 14, bee[1] + 50 + dx * 0.36)], 24, OCHRE)
    s.circle(1256, 338, 44, INK)
    return s


def draw_radio() -> Sheet:
    """A radio in the sun, and a soldering iron."""
    s = Sheet(MIST, seed=12)
    s.box(0, 0, 1440, 960, MIST, (SKY, 90, 0.9))
    s.circle(1190, 230, 130, OCHRE, (CORAL, 90, 0.7))
    s.box(0, 760, 1440, 200, BRICK, (INK, 90, 0.6))
    s.line([(340, 300), (200, 40)], 10, INK)
    s.circle(200, 40, 18, CORAL)
    s.box(210, 290, 900, 510, INK, None, 60)
    s.box(196, 270, 900, 510, CORAL, (BRICK, 60, 0.9), 60)
    s.box(250, 325, 450, 400, DEEP, (INK, 60, 0.9), 34)
    for row in range(11):
        for column in range(12):
            x, y = 289 + column * 34, 362 + row * 33
            if (x - 475) ** 2 + (y - 527) ** 2 < 180 ** 2:
                s.circle(x, y, 9, SKY)
    s.box(750, 325, 300, 150, PAPER, (SAND, 60, 1), 20)
    for n in range(11):
        s.line([(780 + n * 24, 360), (780 + n * 24, 400 if n % 5 == 0 else 384)], 4, INK)
    s.line([(938, 345), (938, 455)], 7, CORAL)
    for x in (828, 972):
        s.circle(x + 6, 618, 72, BRICK)
        s.circle(x, 610, 72, PAPER, (OCHRE, 60, 0.9))
        s.line([(x, 610), around(x, 610, 54, -60 if x > 900 else 200)], 10, INK)
    s.line([(1180, 850), (1400, 610)], 46, DEEP)
    s.line([(1120, 914), (1190, 840)], 16, SKY)
    s.ring(1240, 785, 26, 9, OCHRE)
    return s


def draw_fern_wall() -> Sheet:
    """Ferns on a wall of bricks, and the sign of a bus stop."""
    s = Sheet('#d8b59a', seed=13)
    for row in range(11):
        for column in range(-1, 9):
            x, y = column * 184 + (row % 2) * 92, row * 92 - 20
            s.box(x, y, 172, 80, (BRICK, '#a94a3a', '#c4614a', '#9c4638')[(row * 3 + column * 5) % 4], (INK, 60, 0.5),
                    6)
    for x, y, size, count in ((360, 450, 300, 9), (800, 630, 250, 8), (980, 265, 230, 8), (130, 720, 220, 7), (590,
            170, 170, 6)):
        for n in range(count):
            angle = 200 + n * 140 / (count - 1)
            stem = [around(x, y, size * t / 12, angle + t * (1.6 if angle > 270 else -1.6)) for t in range(13)]
            s.line(stem, 6, LEAF)
            for t, (px, py) in enumerate(stem[2:], 2):
                for side in (-62, 62):
                    s.leaf(px, py, (14 - t) * size / 56 + 8, 15, angle + side, (SAGE, LEAF, '#5f9a70')[n % 3])
    s.box(1230, 120, 22, 840, INK)
    s.circle(1241, 190, 120, INK)
    s.circle(1241, 190, 104, OCHRE, (CORAL, 60, 0.6))
    s.box(1181, 140, 120, 84, INK, None, 18)
    for x in (1194, 1246):
        s.box(x, 156, 42, 34, SKY, None, 5)
    for x in (1208, 1274):
        s.circle(x, 226, 15, INK)
    return s


def draw_readers() -> Sheet:
    """Forty people, and one of them reads."""
    s = Sheet(SKY, seed=14)
    s.box(0, 0, 1440, 960, MIST, (SKY, 90, 1))
    skins, coats = ('#7b4a38', SAND, ROSE, '#b97f5f', '#5b3a30'), (DEEP, TEAL, INK, SAGE, '#5fa9ad')
    for row in range(5):
        for column in range(8):
            x, y = 130 + column * 169 + (row % 2) * 40, 140 + row * 190
            is_one = (row, column) == (2, 5)
            s.shape([*curve(x, y + 150, 74, 92, 180, 360), (x + 74, y + 260), (x - 74, y + 260)],
                    CORAL if is_one else coats[(row * 2 + column * 3) % 5], (INK, 80, 0.5))
            s.circle(x, y + 20, 42, skins[(row * 3 + column * 7) % 5], (INK, 60, 0.25))
            s.shape(curve(x, y + 14, 44, 46, 180, 360), (INK, BRICK, '#3a2a26')[(row + column * 2) % 3])
            if is_one:
                s.shape([(x - 66, y + 96), (x, y + 112), (x, y + 180), (x - 66, y + 164)], PAPER, (SAND, 0, 1))
                s.shape([(x + 66, y + 96), (x, y + 112), (x, y + 180), (x + 66, y + 164)], PAPER, (SAND, 180, 1))
    return s


def draw_clock() -> Sheet:
    """A clock that says ten past four, and an umbrella."""
    s = Sheet(DEEP, seed=17)
    s.box(0, 0, 1440, 960, DEEP, (INK, 60, 0.7))
    s.box(0, 780, 1440, 180, BRICK, (INK, 90, 0.6))
    s.shape([(250, 790), (250, 430), *curve(500, 430, 250, 250, 180, 360), (750, 790)], OCHRE, (BRICK, 50, 0.8))
    s.box(200, 750, 600, 54, INK, None, 10)
    s.circle(500, 450, 190, INK)
    s.circle(500, 450, 172, PAPER, (SAND, 60, 1))
    for n in range(12):
        s.line([around(500, 450, 132 if n % 3 else 122, n * 30), around(500, 450, 150, n * 30)], 9 if n % 3 else 14,
                INK)
    s.line([(500, 450), around(500, 450, 84, 35)], 18, INK)
    s.line([(500, 450), around(500, 450, 124, -30)], 12, CORAL)
    s.circle(500, 450, 17, INK)
    s.line([(1080, 420), (1080, 800)], 14, PAPER)
    s.line(curve(1040, 800, 40, 44, 0, 180), 16, OCHRE)
    s.shape(curve(1080, 430, 280, 270, 180, 360), CORAL, (BRICK, 20, 0.9))
    s.shape([(1080, 160), *curve(1080, 430, 95, 270, 180, 360)], ROSE, (CORAL, 90, 0.8))
    for x in (987, 1080, 1173):
        s.shape(curve(x - 140 if x == 987 else x if x == 1080 else x + 140, 432, 94 if x == 1080 else 93, 32, 180,
                360), DEEP)
    s.line([(1080, 130), (1080, 170)], 12, PAPER)
    return s


def draw_candle() -> Sheet:
    """A candle, and rings of light that double."""
    s = Sheet(INK, seed=18)
    for radius, colour in ((900, '#123a45'), (620, DEEP), (430, '#2f6a70'), (290, '#a8824a'), (190, OCHRE)):
        s.circle(720, 360, radius, colour, (INK, 90, 0.5))
    s.oval(720, 330, 54, 96, PAPER, (OCHRE, 90, 1))
    s.shape([(672, 300), (720, 170), (768, 300)], PAPER)
    s.line([(720, 400), (724, 452)], 9, INK)
    s.box(650, 450, 140, 400, PAPER, (ROSE, 0, 0.9), 18)
    s.line([(668, 462), (668, 560)], 26, PAPER)
    s.oval(720, 846, 250, 46, BRICK, (INK, 60, 0.8))
    s.oval(720, 832, 190, 28, CORAL)
    s.box(650, 740, 140, 96, PAPER, (ROSE, 0, 0.9), 14)
    for x, y in ((180, 170), (1240, 210), (1160, 700), (260, 690)):
        s.ring(x, y, 16, 4, SKY)
    return s


def draw_dots() -> Sheet:
    """Ninety-six plants: most seen by both, some by one, two by nobody."""
    s = Sheet(PAPER, seed=19)
    s.box(0, 0, 1440, 960, PAPER, (SAND, 60, 0.8))
    kinds = [DEEP] * 71 + [CORAL] * 14 + [OCHRE] * 9 + [''] * 2
    s.chance.shuffle(kinds)
    for n, kind in enumerate(kinds):
        x, y = 170 + n % 12 * 100, 130 + n // 12 * 100
        s.circle(x, y, 38, kind, (INK if kind == DEEP else BRICK, 60, 0.5)) if kind else s.ring(x, y, 35, 6, DEEP)
    return s


def draw_oar() -> Sheet:
    """An oar, and the rings that it left on the water."""
    s = Sheet(TEAL, seed=20)
    s.box(0, 0, 1440, 960, '#5fb0b5', (DEEP, 60, 0.9))
    for x, y, first in ((330, 660, 250), (690, 420, 190), (1030, 210, 120)):
        for n in range(4):
            s.ring(x, y, first * (1 - n * 0.24), 9 - n, (MIST, PAPER, SKY, PAPER)[n], 0.55)
    s.line([(1480, 640), (560, 800)], 22, PAPER)
    s.line([(1480, 640), (1160, 696)], 34, INK)
    s.shape([(600, 764), (610, 820), (300, 902), (236, 890), (250, 800), (310, 780)], CORAL, (BRICK, 60, 0.9))
    s.shape([(430, 774), (480, 772), (480, 858), (430, 872)], PAPER)
    return s


def draw_seed_drawers() -> Sheet:
    """A catalogue of small drawers with seeds, one of them open, and what grows out of it."""
    s = Sheet(BRICK, seed=21)
    s.box(0, 0, 1440, 960, BRICK, (INK, 60, 0.6))
    seeds = (CORAL, LEAF, INK, OCHRE, TEAL)
    for row in range(5):
        for column in range(6):
            x, y = 42 + column * 228, 34 + row * 180
            s.box(x, y, 214, 166, ('#d08a4c', '#c87f45', '#d99757')[(row * 2 + column) % 3], (BRICK, 60, 0.8), 10)
            s.box(x + 42, y + 28, 130, 62, PAPER, (SAND, 60, 1), 4)
            for n in range(3):
                s.oval(x + 74 + n * 33, y + 59, 11, 7 + (row + n) % 3 * 3, seeds[(row + column * 2) % 5], None,
                        n * 35 + column * 20)
            s.circle(x + 107, y + 124, 15, INK)
            s.circle(x + 103, y + 120, 6, OCHRE)
    s.box(700, 560, 300, 230, INK, None, 12)
    s.box(716, 556, 268, 70, '#5b3a30')
    s.box(690, 610, 320, 220, '#e3a463', (BRICK, 60, 0.9), 12)
    s.box(770, 650, 160, 74, PAPER, (SAND, 60, 1), 4)
    s.circle(850, 770, 18, INK)
    s.line([(850, 612), (846, 460), (862, 330)], 15, LEAF)
    for x, y, size, turn in ((848, 520, 190, -30), (846, 450, 190, 212), (860, 340, 180, -52), (862, 345, 160, 236)):
        s.leaf(x, y, size, 92, turn, SAGE, (LEAF, 0, 1))
    return s


def draw_type() -> Sheet:
    """Letters of lead in a composing stick, upside down: NOW."""
    s = Sheet(SAND, seed=22)
    s.box(0, 0, 1440, 960, ROSE, (CORAL, 60, 0.8))
    s.box(90, 660, 1290, 60, INK, None, 8)
    s.box(90, 250, 60, 470, INK, None, 8)
    for n, x in enumerate((190, 520, 850)):
        s.box(x + 14, 210, 300, 440, INK, None, 8)
        s.box(x, 192, 300, 450, '#8aa4a6', (DEEP, 60, 0.9), 8)
        s.box(x + 26, 218, 248, 340, '#c6d6d3', (TEAL, 60, 0.5), 6)
        s.line([(x + 30, 604), (x + 270, 604)], 14, DEEP)
        if n == 0:
            s.line([(x + 70, 510), (x + 70, 266), (x + 230, 510), (x + 230, 266)], 42, INK)
        elif n == 1:
            s.ring(x + 150, 388, 98, 44, INK, 1.22)
        else:
            s.line([(x + 56, 270), (x + 100, 510), (x + 150, 340), (x + 200, 510), (x + 244, 270)], 38, INK)
    s.box(1180, 230, 60, 410, OCHRE, (BRICK, 60, 0.7), 6)
    s.box(1260, 190, 110, 470, DEEP, (INK, 60, 0.8), 10)
    s.circle(1315, 420, 30, OCHRE)
    for x, y, turn in ((250, 800, 12), (560, 830, -20), (1010, 800, 30)):
        s.box(x, y, 120, 64, '#8aa4a6', (DEEP, 60, 0.9), 6, turn)
    return s


def draw_keys() -> Sheet:
    """A board with four hooks: a large key, and three more."""
    s = Sheet(TEAL, seed=23)
    s.box(0, 0, 1440, 960, SKY, (TEAL, 60, 0.8))
    s.box(110, 118, 1250, 130, DEEP, None, 20)
    s.box(96, 100, 1250, 130, BRICK, (INK, 60, 0.5), 20)
    for x, size, colour in ((300, 0.7, INK), (640, 1.25, OCHRE), (960, 0.7, PAPER), (1190, 0.7, CORAL)):
        s.line([(x, 150), (x, 195)], 16, PAPER)
        s.ring(x, 215 + 75 * size, 88 * size, 36 * size, colour)
        s.line([(x, 215 + 165 * size), (x, 215 + 480 * size)], 36 * size, colour)
        for y, width in ((400, 96), (462, 118)):
            s.box(x, 215 + y * size, width * size, 36 * size, colour, None, 5)
        s.box(x - 32 * size, 215 + 180 * size, 64 * size, 26 * size, colour, None, 8 * size)
    s.line([(722, 300), (900, 520)], 6, CORAL)
    s.box(850, 510, 130, 190, CORAL, (BRICK, 60, 0.8), 14, -18)
    s.circle(888, 548, 12, SKY)
    return s


def draw_first_rain() -> Sheet:
    """An umbrella on a wet pavement from above, and a line of green."""
    s = Sheet(DEEP, seed=24)
    for row in range(4):
        for column in range(-1, 5):
            x, y = column * 370 + (row % 2) * 185, row * 250 - 20
            s.box(x, y, 356, 236, ('#3c6f78', '#467a82', '#35656f')[(row + column) % 3], (INK, 70, 0.7), 8)
    crack = [(-20, 720), (150, 690), (300, 730), (470, 700), (640, 735), (840, 700), (1000, 740), (1200, 690), (1460,
            720)]
    s.line(crack, 12, INK)
    for (x, y), (to_x, to_y) in zip(crack, crack[1:], strict=False):
        for t in range(9):
            px, py = x + (to_x - x) * t / 9, y + (to_y - y) * t / 9
            s.leaf(px, py, s.chance.uniform(24, 52), 14, s.chance.uniform(-150, -30), (SAGE, '#9cc48a')[t % 2])
    for x, y, size in ((180, 240, 60), (330, 520, 44), (1220, 180, 72), (1310, 520, 50), (1120, 850, 60), (420, 870,
            48), (120, 870, 34)):
        for n in range(3):
            s.ring(x, y, size * (1 - n * 0.33), 4, SKY, 0.6)
    s.circle(770, 400, 290, INK)
    for n in range(8):
        a = n * 45 + 10
        s.shape([(750, 370), around(750, 370, 300, a), around(750, 370, 272, a + 22.5), around(750, 370, 300, a + 45)],
                (CORAL, PAPER)[n % 2], (BRICK if n % 2 == 0 else SAND, a, 0.9))
    s.circle(750, 370, 16, INK)
    for _ in range(46):
        x, y = s.chance.uniform(0, 1440), s.chance.uniform(0, 900)
        s.line([(x, y), (x - 9, y + 34)], 4, MIST)
    return s


COVERS = {
    '01': draw_table, '02': draw_frame, '03': draw_egg_box, '04': draw_boat, '06': draw_rain_and_books,
    '07': draw_bicycle, '08': draw_notebook, '09': draw_bread, '10': draw_tide, '11': draw_library_card,
    '12': draw_radio, '13': draw_fern_wall, '14': draw_readers, '17': draw_clock, '18': draw_candle, '19': draw_dots,
    '20': draw_oar, '21': draw_seed_drawers, '22': draw_type, '23': draw_keys, '24': draw_first_rain,
}
