"""How pages and pictures look, as CSS."""

from __future__ import annotations

__all__ = ["COLORS", "DARK_COLORS", "PAGE", "PICTURE"]

COLORS = """--paper:#fff;--ink:#1b1f24;--soft-ink:#57606a;--rule:#d5dae0;--wash:#f4f6f8;
--c0:#0b62b8;--c1:#c2410c;--c2:#15803d;--c3:#7e22ce;--c4:#946200;
--c5:#0e7490;--c6:#be185d;--c7:#525b66;--c8:#312e81;--c9:#7c4a1e;"""

DARK_COLORS = """--paper:#14181d;--ink:#e6eaef;--soft-ink:#a2acb8;--rule:#353d47;--wash:#1d232a;
--c0:#6cb2ff;--c1:#ff9c66;--c2:#6ede8a;--c3:#cfa4ff;--c4:#efc75e;
--c5:#57d1dc;--c6:#ff8ec6;--c7:#b4bdc7;--c8:#aab4ff;--c9:#dda671;"""

PICTURE = """
.picture text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--ink)}
.picture .middle{text-anchor:middle}.picture .end{text-anchor:end}
.picture .label{fill:var(--soft-ink)}.picture .title{font-size:14px;font-weight:600}
.picture .inverse{fill:var(--paper)}
.grid{stroke:var(--rule);stroke-width:1}.line{fill:none;stroke-width:2;stroke-linejoin:round}
.line.guide{stroke:var(--soft-ink);stroke-width:1;stroke-dasharray:4 4}
.line.thin{stroke-width:1}.line.dash{stroke-dasharray:6 3}
.line.whisker{stroke:var(--ink);stroke-width:1}
.plate{fill:var(--paper);fill-opacity:.85}.paper{fill:var(--paper)}
.soft{fill:var(--c0);fill-opacity:.18}.cell{fill:var(--wash)}
""" + "".join(f".s{i}{{stroke:var(--c{i})}}.f{i}{{fill:var(--c{i})}}" for i in range(10))

PAGE = """
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
-webkit-text-size-adjust:100%;text-size-adjust:100%}
main{max-width:58rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1{font-size:2rem;line-height:1.2;margin:0;overflow-wrap:anywhere}
h2{font-size:1.3rem;margin:3rem 0 .75rem;padding-top:.9rem;border-top:1px solid var(--rule)}
p,ul{max-width:44rem;margin:.75rem 0;overflow-wrap:anywhere}
li{margin:.35rem 0}
.subtitle{color:var(--soft-ink);margin-top:.4rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem;
margin:1.75rem 0 0}
.tiles div{background:var(--wash);border-radius:.6rem;padding:.8rem 1rem}
dt{font-weight:600}dd{margin:0;color:var(--soft-ink);font-size:.85rem;line-height:1.4}
dd.value{color:var(--ink);font-size:1.9rem;line-height:1.3;font-variant-numeric:tabular-nums}
a{color:var(--c0)}.back{font-size:.9rem;font-weight:400;text-decoration:none}
nav li{margin:0 0 .35rem}nav ul{columns:auto 13rem;padding-left:1.1rem;margin:1.75rem 0 0;max-width:none}
.scroll{overflow-x:auto;margin:1.25rem 0}
table{border-collapse:collapse;min-width:min(100%,30rem);font-size:.9rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft-ink);padding-bottom:.4rem}
caption span{display:block;position:sticky;left:0;max-width:calc(100vw - 2.5rem)}
th,td{padding:.35rem 1.1rem .35rem 0;text-align:left;vertical-align:top;
border-bottom:1px solid var(--rule);max-width:26rem}
.long{overflow-wrap:anywhere;min-width:9rem}
th:last-child,td:last-child{padding-right:0}
thead th{vertical-align:bottom;border-bottom-color:var(--soft-ink)}
tbody th{font-weight:400}
.number{text-align:right}tbody .number{white-space:nowrap}
.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));
gap:2rem 2.5rem;margin:1.75rem 0}
figure{margin:0}.pictures figure{max-width:32rem}figcaption{font-size:.9rem;color:var(--soft-ink)}
figcaption strong{color:var(--ink)}
.pictures svg{display:block;width:100%;height:auto;margin-bottom:.4rem}
.slider{background:var(--wash);border-radius:.6rem;padding:.4rem 1rem;margin:1.25rem 0}
.slider label,.slider p>span{display:inline-block;margin:.2rem 1.5rem .2rem 0}
.slider input{font:inherit;color:inherit;background:var(--paper);vertical-align:middle}
.slider input[type=range]{width:min(22rem,70vw)}.slider input[type=number]{width:6rem}
.slider output{display:inline-block;min-width:3.5rem;font-variant-numeric:tabular-nums}
.slider svg{display:block;width:100%;max-width:40rem;height:auto}.slider .table{margin:.5rem 0}
.code{margin:1rem 0}
.links a,.links strong{margin-right:1rem;white-space:nowrap}a{color:var(--c0)}
pre{background:var(--wash);border-radius:.6rem;padding:.8rem 1rem;margin:.3rem 0 0;
overflow:auto;max-height:26rem;font:.85rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
@media (max-width:40rem){table{font-size:.82rem}th,td{padding-right:.7rem}main{padding-top:1.5rem}}
@media print{nav,.back,.slider{display:none}html{font-size:9.5pt}main{max-width:none;padding:0}h2{margin-top:1.6rem}
figure,tr,.tiles{break-inside:avoid}h2,caption{break-after:avoid}
.tiles div,pre{border:1px solid var(--rule);background:none}
.pictures{grid-template-columns:1fr 1fr;gap:1rem 1.5rem}
.scroll,pre{overflow:visible;max-height:none}pre{white-space:pre-wrap;overflow-wrap:anywhere}
.picture *,.tiles div{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""
