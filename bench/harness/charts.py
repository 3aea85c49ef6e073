"""Bar charts as SVG, in a few lines of our own: one bar for each server, its spread over the rounds as a whisker."""
from xml.sax.saxutils import escape

WIDTH = 760
LABEL_WIDTH = 190
VALUE_WIDTH = 120
BAR_HEIGHT = 18
ROW_HEIGHT = 28
TOP = 58
BOTTOM = 14
OURS_COLOUR = "#1b6ca8"
THEIRS_COLOUR = "#9aa5b1"
TEXT_COLOUR = "#1f2933"
WHISKER_COLOUR = "#52606d"
FONT = "font-family=\"system-ui, 'DejaVu Sans', sans-serif\""


def bar_chart(title, subtitle, bars):
    """`bars` are (label, median, least, greatest, text, is_ours), longest bar the whole width. The scale begins at zero."""
    longest = max(greatest for _, _, _, greatest, _, _ in bars)
    scale = (WIDTH - LABEL_WIDTH - VALUE_WIDTH) / longest if longest else 0
    height = TOP + ROW_HEIGHT * len(bars) + BOTTOM
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">' % (WIDTH, height, WIDTH, height),
        "<title>%s: %s</title>" % (escape(title), escape(subtitle)),
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        text_at(16, 24, title, 15, "600"),
        text_at(16, 43, subtitle, 12),
    ]
    for index, (label, median, least, greatest, said, is_ours) in enumerate(bars):
        top = TOP + index * ROW_HEIGHT
        middle = top + BAR_HEIGHT / 2
        parts += [
            text_at(LABEL_WIDTH - 8, middle + 4, label, 12, "600" if is_ours else "400", "end"),
            '<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>'
            % (LABEL_WIDTH, top, max(1, median * scale), BAR_HEIGHT, OURS_COLOUR if is_ours else THEIRS_COLOUR),
            whisker(LABEL_WIDTH + least * scale, LABEL_WIDTH + greatest * scale, middle),
            text_at(LABEL_WIDTH + max(median, greatest) * scale + 8, middle + 4, said, 12),
        ]
    return "\n".join(parts + ["</svg>", ""])


def text_at(x, y, text, size, weight="400", anchor="start"):
    return ('<text x="%.1f" y="%.1f" %s font-size="%d" font-weight="%s" text-anchor="%s" fill="%s">%s</text>'
            % (x, y, FONT, size, weight, anchor, TEXT_COLOUR, escape(text)))


def whisker(left, right, middle):
    return ('<path d="M%.1f %.1fH%.1fM%.1f %.1fv8M%.1f %.1fv8" stroke="%s" stroke-width="1.5" fill="none"/>'
            % (left, middle, right, left, middle - 4, right, middle - 4, WHISKER_COLOUR))
