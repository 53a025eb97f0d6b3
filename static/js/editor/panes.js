// The text and its preview: side by side if there is space, otherwise in tabs.

const WIDE = matchMedia("(width >= 72rem)");

/** Arrange the panes of the editor, now and whenever the window changes. */
export function arrangePanes(main, tabs, write, preview) {
  const [writeTab, previewTab] = tabs.querySelectorAll("[role=tab]");
  const panels = new Map([[writeTab, write], [previewTab, preview]]);
  main.classList.add("has-preview");

  function select(tab) {
    for (const [other, panel] of panels) {
      other.setAttribute("aria-selected", other === tab);
      other.tabIndex = other === tab ? 0 : -1;
      panel.hidden = !WIDE.matches && other !== tab;
    }
  }

  function refresh() {
    tabs.hidden = WIDE.matches;
    for (const [tab, panel] of panels) {
      if (WIDE.matches) {
        panel.removeAttribute("role");
        panel.removeAttribute("aria-labelledby");
      } else {
        panel.setAttribute("role", "tabpanel");
        panel.setAttribute("aria-labelledby", tab.id);
      }
    }
    select(writeTab);
  }

  for (const tab of panels.keys()) {
    tab.addEventListener("click", () => {
      select(tab);
      scrollTo({ top: 0 });
    });
  }
  tabs.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const other = document.activeElement === writeTab ? previewTab : writeTab;
    select(other);
    other.focus();
  });
  // The message about an invalid field is shown in the tab with the field.
  write.addEventListener("invalid", () => select(writeTab), true);
  WIDE.addEventListener("change", refresh);
  refresh();
}

/** Scroll the preview along with the text. */
export function syncScrolling(field, preview) {
  function follow() {
    if (!WIDE.matches) return;
    const { top, height } = field.getBoundingClientRect();
    const room = height - (innerHeight - preview.getBoundingClientRect().top);
    const share = room > 0 ? Math.min(1, Math.max(0, (preview.offsetTop - top) / room)) : 0;
    preview.scrollTop = share * (preview.scrollHeight - preview.clientHeight);
  }
  addEventListener("scroll", follow, { passive: true });
}
