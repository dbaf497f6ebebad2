// How a report in HTML looks. web/page.py puts the same text into the page.
#pragma once

#include <string_view>

namespace whyoom::render {

// Colours of a kind have a contrast of 4.5 to their ground, in both themes; none is the only sign.
inline constexpr std::string_view html_style = R"css(
:root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--ink:#1b2330;--dim:#566172;--line:#dde2e9;
--red:#b3261e;--green:#17693a;--yellow:#835000;--fill:#2f62b3;--on-fill:#fff;--rail:#e3e8ef}
@media(prefers-color-scheme:dark){:root{--ground:#0f1318;--card:#171d25;--ink:#e4e9f0;--dim:#9ba7b7;
--line:#2c3541;--red:#ff8f86;--green:#80d69d;--yellow:#f0c070;--fill:#7aabf0;--on-fill:#0c1420;--rail:#2a3440}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;
-webkit-text-size-adjust:100%}
main{display:flex;flex-direction:column;gap:1.2rem;max-width:62rem;margin:0 auto;padding:2rem 1rem 4rem}
article{background:var(--card);border:1px solid var(--line);border-radius:1rem;padding:clamp(1.1rem,3vw,2rem);
min-width:0;overflow-wrap:anywhere}
.summary{order:-1}
h1{font-size:1rem;margin:0;color:var(--dim);font-weight:600;order:-2}
h2{font-size:clamp(1.2rem,2.6vw,1.5rem);line-height:1.3;letter-spacing:-.015em;font-weight:680;margin:0 0 1.1rem;text-wrap:pretty}
h2~h2{font-size:1.1rem;margin:2rem 0 .6rem}
h3{font-size:1rem;font-weight:660;margin:2rem 0 .6rem}
h3:first-child{margin-top:0}
p{margin:.4rem 0}
p.strong{font-weight:600}
.key{display:inline-block;width:.7em;height:.7em;margin-right:.35em;border-radius:.15em;background:var(--fill)}
.key.line{width:.18em;height:1em;border-radius:0;background:var(--red);vertical-align:-.1em}
p.below{margin-left:1.2rem}
.dim{color:var(--dim)}.red{color:var(--red)}.green{color:var(--green)}.yellow{color:var(--yellow)}
.label{font-weight:650;margin-right:.35em}
pre{font:.85rem/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--ground);border:1px solid var(--line);
border-radius:.6rem;padding:.7rem .9rem;margin:.6rem 0;overflow-x:auto}
code{font:inherit}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.925rem;line-height:1.5;margin:.3rem 0}
th,td{text-align:left;vertical-align:top;padding:.4rem 1.1rem .4rem 0;border-bottom:1px solid var(--line);
overflow-wrap:normal}
th:last-child,td:last-child{padding-right:0}
tbody tr:last-child td{border-bottom:0}
th{color:var(--dim);font-weight:600;font-size:.85rem;white-space:nowrap}
.right{text-align:right;white-space:nowrap}
table:not(:has(thead)) td{overflow-wrap:anywhere}
table:not(:has(thead)) td:first-child{color:var(--dim);white-space:nowrap}
svg.bar{display:block;width:9rem;max-width:40vw;height:1rem;margin-top:.25rem}
.rail{fill:var(--rail)}.fill{fill:var(--fill)}.mark{fill:var(--red);stroke:var(--red);stroke-width:1px;vector-effect:non-scaling-stroke}
svg.curve{display:block;width:100%;height:14rem;margin:.3rem 0;shape-rendering:crispEdges}svg.curve[viewBox$=" 60"]{height:4rem}
.available{fill:var(--fill);opacity:.4}.reach{fill:var(--yellow);opacity:.7}.key.reach{background:var(--yellow)}
.killed{fill:var(--red)}.warned{fill:var(--yellow)}.restart{fill:var(--dim)}
.key.line.warned{background:var(--yellow)}.key.line.restart{background:var(--dim)}
table:has(.bar) td{white-space:nowrap}
table:has(.bar) td:first-child{white-space:normal}
a{color:var(--fill)}.sortable td,td a{white-space:nowrap}
.tick{fill:var(--ink)}.useless{fill:var(--card);opacity:.6}
details{margin-top:1.2rem}
summary{cursor:pointer;font-weight:660}
:target{background:var(--rail)}
th button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer;white-space:nowrap}
th button:after{content:"";display:inline-block;margin-left:.35em;border:.28em solid transparent;border-top-color:currentColor;
vertical-align:-.1em;opacity:.45}
th[aria-sort] button:after{opacity:1}
th[aria-sort=ascending] button:after{border-top-color:transparent;border-bottom-color:currentColor;vertical-align:.2em}
input[type=range]{display:block;width:100%;margin:.6rem 0;accent-color:var(--fill)}
output{display:block;font-weight:600;margin:.4rem 0 .8rem}
.large svg.bar{width:100%;max-width:none;height:1.8rem}
tr.chosen td{background:var(--ground)}.slider svg.bar{width:5.5rem}
.tree,.tree ul{list-style:none;margin:.2rem 0;padding:0}.tree ul{padding-left:1.1rem;border-left:1px solid var(--line);margin-left:.3rem}
.tree li{padding:.2rem 0}.tree p{margin:0;font-size:.925rem;line-height:1.5}
.tree .size{display:flex;flex-wrap:wrap;align-items:center;gap:0 .6rem;font-variant-numeric:tabular-nums}.tree .bar{flex:none;margin:0}
.name{font:.85rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
pre.log{white-space:pre-wrap;overflow-wrap:anywhere}.log span{display:block;padding-left:2ch;text-indent:-2ch}
svg.times{display:block;width:100%;height:2.6rem}
.moment{fill:var(--dim)}.moment.red{fill:var(--red)}.moment.yellow{fill:var(--yellow)}
.ends{display:flex;justify-content:space-between;gap:1rem;margin-top:.2rem}
@media(max-width:480px){th,td{padding-right:.9rem}svg.bar{width:4.5rem}}
@media print{body{font-size:11pt;background:none}article{border:0;padding:0;break-inside:avoid-page}}
)css";

}  // namespace whyoom::render
