"""The page's style: one column of text and figures, for screens of any width and for paper."""

from codesign.pictures.plots import COLORS

CSS = f"""
:root {{
  --ink: #1d2830; --soft: #55636d; --line: #dde3e8; --wash: #f5f7f9;
  --good: #0b6b4f; --good-wash: #e5f4ee; --bad: #a3312a; --bad-wash: #fbeae8;
  --model: {COLORS["model"]}; --macromodel: {COLORS["macromodel"]}; --circuit: {COLORS["circuit"]};
}}
* {{ box-sizing: border-box; }}
html {{ -webkit-text-size-adjust: 100%; }}
body {{
  margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 78rem; background: #fff;
  color: var(--ink); font: 16px/1.55 Inter, "Helvetica Neue", Helvetica, Arial, "Liberation Sans",
  sans-serif; font-variant-numeric: tabular-nums lining-nums;
}}
h1 {{ font-size: 2rem; line-height: 1.2; margin: .2rem 0 .3rem; letter-spacing: -.015em; }}
h2 {{ font-size: 1.35rem; margin: 3.2rem 0 .8rem; padding-top: .9rem;
  border-top: 2px solid var(--ink); letter-spacing: -.01em; }}
h3 {{ font-size: 1.02rem; margin: 2rem 0 .5rem; }}
h1, h2, li, .hash {{ overflow-wrap: anywhere; }}
p {{ margin: .5rem 0; max-width: 46rem; }}
a {{ color: var(--circuit); text-underline-offset: .15em; }}
code {{ font: .9em ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }}
.eyebrow {{ color: var(--soft); font-size: .82rem; letter-spacing: .06em;
  text-transform: uppercase; margin: 0; }}
.conditions {{ color: var(--soft); margin: 0 0 1.4rem; }}
.verdict {{ border-left: 6px solid; padding: .8rem 1.2rem; margin: 0 0 1.2rem; font-size: 1.2rem;
  font-weight: 600; max-width: none; }}
.verdict.good {{ background: var(--good-wash); border-color: var(--good); color: var(--good); }}
.verdict.bad {{ background: var(--bad-wash); border-color: var(--bad); color: var(--bad); }}
.tiles {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .8rem;
  margin: 0 0 1.2rem; padding: 0; }}
.tiles div {{ border: 1px solid var(--line); border-radius: 6px; padding: .7rem .9rem; }}
.tiles dt {{ color: var(--soft); font-size: .82rem; line-height: 1.3; }}
.tiles dd {{ margin: .15rem 0 0; font-size: 1.3rem; font-weight: 600; }}
.key {{ display: inline-block; width: 1.6em; vertical-align: middle; margin-right: .35em; }}
.key.model {{ border-top: 5px solid var(--model); }}
.key.macromodel {{ border-top: 3px dashed var(--macromodel); }}
.key.circuit {{ border-top: 2px solid var(--circuit); }}
.mark {{ font-weight: 600; white-space: nowrap; }}
.mark.good {{ color: var(--good); }}
.mark.bad {{ color: var(--bad); }}
h2 .mark {{ font-size: .95rem; margin-left: .6rem; letter-spacing: 0; }}
.table {{ overflow-x: auto; margin: .8rem 0 1.2rem; }}
table {{ border-collapse: collapse; font-size: .88rem; line-height: 1.4; min-width: 60%; }}
table.wide {{ width: 100%; }}
caption {{ text-align: left; color: var(--soft); padding-bottom: .4rem; }}
th, td {{ padding: .38rem .55rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }}
th:first-child, td:first-child {{ padding-left: .2rem; }}
thead th {{ border-bottom: 1.5px solid var(--ink); vertical-align: bottom; font-weight: 600; }}
tbody th {{ font-weight: 600; }}
.number {{ text-align: right; }}
td.number {{ white-space: nowrap; }}
td.number + td:not(.number), th.number + th:not(.number) {{ padding-left: 1.6rem; }}
ul.kept {{ list-style: none; margin: 0; padding: 0; white-space: nowrap; }}
.kept .good {{ color: var(--good); }}
.kept .bad {{ color: var(--soft); }}
.definitions {{ max-width: 50rem; font-size: .92rem; }}
.definitions dt {{ font-weight: 600; }}
.definitions dd {{ margin: 0 0 .6rem; color: var(--soft); }}
.over {{ color: var(--bad); font-weight: 600; }}
caption {{ max-width: calc(100vw - 2.2rem); }}
figure {{ margin: 1.2rem 0 1.8rem; }}
figure svg {{ display: block; width: 100%; height: auto; }}
figure svg.phone {{ display: none; }}
figure svg.zoomed {{ cursor: grab; touch-action: none; outline: 1px solid var(--line); }}
figure.narrow svg {{ max-width: 32rem; }}
figcaption {{ color: var(--soft); font-size: .88rem; max-width: 50rem; margin-top: .5rem; }}
svg text {{ font-family: Inter, "Helvetica Neue", Helvetica, Arial, "Liberation Sans",
  sans-serif; }}
svg *{{stroke-linejoin:round;stroke-linecap:butt}}
.cards {{ columns: 15rem; column-gap: 2rem; font-size: .85rem; }}
.cards section {{ break-inside: avoid; padding-bottom: 1.2rem; }}
.cards h4 {{ margin: 0 0 .3rem; border-bottom: 1.5px solid var(--ink); }}
.cards dl {{ margin: 0; }}
.cards div {{ display: flex; justify-content: space-between; gap: 1rem;
  border-bottom: 1px solid var(--line); padding: .12rem 0; }}
.cards dd {{ margin: 0; text-align: right; overflow-wrap: anywhere; }}
ul {{ padding-left: 1.2rem; }}
.reasons {{ border-left: 4px solid var(--bad); background: var(--bad-wash); list-style: none;
  padding: .6rem 1rem; margin: .6rem 0; }}
.notes {{ border-left: 4px solid var(--line); list-style: none; padding: .2rem 1rem;
  color: var(--soft); margin: .6rem 0; }}
footer {{ margin-top: 3.5rem; color: var(--soft); font-size: .85rem; }}
@media (max-width: 40rem) {{
  body {{ padding: 1.2rem 1rem 3rem; }}
  h1 {{ font-size: 1.6rem; }}
}}
@media screen and (max-width: 40rem) {{
  figure:has(svg.phone) svg:not(.phone) {{ display: none; }}
  figure svg.phone {{ display: block; max-width: 30rem; }}
}}
@media print {{
  @page {{ size: A4; margin: 14mm 13mm; }}
  html {{ font-size: 9.5pt; }}
  body {{ max-width: none; padding: 0; font-size: 1rem; }}
  h2 {{ margin-top: 1.6rem; }}
  h2, h3, figcaption {{ break-after: avoid; }}
  figure, tr, .tiles, .verdict {{ break-inside: avoid; }}
  .neuron {{ break-before: page; }}
  .table, figure {{ overflow: visible; }}
  table {{ font-size: 8pt; }}
  th, td {{ padding: .22rem .4rem; }}
  * {{ print-color-adjust: exact; -webkit-print-color-adjust: exact; }}
}}
"""
"""Rules of the page; those of the figures are added by codesign.report.vector_image."""
