# The figures as a table and as a picture.
# SPDX-License-Identifier: Apache-2.0

EXCESS = 1.05                       # a row may be that much over its limit


def excesses(figures, limits):
    """The rows that cost more than their limit allows."""
    return [figure for figure in figures
            if figure.row in limits and figure.instructions > limits[figure.row] * EXCESS]


def text(figures, limits):
    by_row = {figure.row: figure for figure in figures}
    excess = excesses(figures, limits)
    lines = ["| work | instructions per message | of the peer's | limit | user CPU, s | wall, s | anonymous memory, KiB |",
             "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for figure in figures:
        peer = by_row.get(figure.peer)
        ratio = f"{figure.instructions / peer.instructions:.2f}" if peer else ""
        limit = f"{limits[figure.row]:,}" if figure.row in limits else ""
        mark = " (over)" if figure in excess else ""
        lines.append(f"| {figure.row} | {figure.instructions:,}{mark} | {ratio} | {limit} | {figure.user_s} | "
                     f"{figure.wall_s} | {figure.anonymous_kib:,} |")
    return "\n".join(lines)


def plot(figures):
    """A bar for each row that has a cost per message."""
    bars = [figure for figure in figures if figure.row != "start-up"]
    scale = 400 / max(figure.instructions for figure in bars)
    height = 22 * len(bars) + 20
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="760" height="{height}" font-family="sans-serif" '
             f'font-size="12">', "<title>Instructions per accepted message</title>"]
    for index, figure in enumerate(bars):
        y = 22 * index + 10
        colour = "#999" if figure.row.startswith("peer: ") else "#2a6fb0"
        width = figure.instructions * scale
        parts.append(f'<text x="230" y="{y + 13}" text-anchor="end">{figure.row}</text>'
                     f'<rect x="240" y="{y}" width="{width:.0f}" height="17" fill="{colour}"/>'
                     f'<text x="{246 + width:.0f}" y="{y + 13}">{figure.instructions:,}</text>')
    return "\n".join([*parts, "</svg>", ""])
