"""Pan and zoom of the page's figures: the one script of it, which loads and sends nothing."""

from __future__ import annotations

import base64
import hashlib

SCRIPT = """
for (const svg of document.querySelectorAll("figure svg")) {
  const home = svg.getAttribute("viewBox").split(" ").map(Number);
  let view = home.slice(), held = null;
  const show = (x, y, w) => {
    const h = w * home[3] / home[2];
    view = [Math.min(Math.max(x, 0), home[2] - w), Math.min(Math.max(y, 0), home[3] - h), w, h];
    svg.setAttribute("viewBox", view.join(" "));
    svg.classList.toggle("zoomed", w < home[2]);
  };
  const unit = () => view[2] / svg.getBoundingClientRect().width;
  const zoom = (e, factor) => {
    const box = svg.getBoundingClientRect();
    const dx = (e.clientX - box.left) * unit(), dy = (e.clientY - box.top) * unit();
    const w = Math.min(home[2], Math.max(home[2] / 50, view[2] * factor));
    show(view[0] + dx * (1 - w / view[2]), view[1] + dy * (1 - w / view[2]), w);
  };
  svg.addEventListener("wheel", (e) => {
    if (!e.ctrlKey && !e.metaKey) return;
    e.preventDefault();
    zoom(e, Math.exp(e.deltaY / 200));
  }, { passive: false });
  svg.addEventListener("dblclick", (e) => {
    e.preventDefault();
    if (e.shiftKey || view[2] < home[2] / 30) show(0, 0, home[2]);
    else zoom(e, 0.4);
  });
  svg.addEventListener("pointerdown", (e) => {
    if (view[2] == home[2]) return;
    held = [e.clientX, e.clientY, view[0], view[1]];
    svg.setPointerCapture(e.pointerId);
  });
  svg.addEventListener("pointermove", (e) => {
    if (held) show(held[2] - (e.clientX - held[0]) * unit(),
                   held[3] - (e.clientY - held[1]) * unit(), view[2]);
  });
  for (const end of ["pointerup", "pointercancel"])
    svg.addEventListener(end, () => { held = null; });
}
"""

HINT = (
    "Figures: double-click zooms in (or Ctrl and the wheel), dragging moves, Shift and "
    "double-click goes back."
)


def script_source() -> str:
    """What a page's policy names the script by: its SHA-256."""
    digest = hashlib.sha256(SCRIPT.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
