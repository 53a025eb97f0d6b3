// Converts pasted rich text to Markdown. Only the elements that are named here are converted; of
// others, only the text is used, so no markup from another site gets into the post.

import { replace } from "./text.js";

const SKIPPED = new Set(["SCRIPT", "STYLE", "TEMPLATE", "NOSCRIPT", "HEAD", "META", "LINK", "TITLE", "SVG", "IFRAME", "OBJECT"]);
const BLOCKS = new Set(["P", "DIV", "SECTION", "ARTICLE", "HEADER", "FOOTER", "MAIN", "ASIDE", "FIGURE", "FIGCAPTION", "DL", "DT", "DD", "ADDRESS", "BODY"]);
const MARKS = { B: "**", STRONG: "**", I: "_", EM: "_", DEL: "~~", S: "~~", STRIKE: "~~" };
const RICH = "a, b, strong, i, em, del, s, code, pre, blockquote, ul, ol, table, h1, h2, h3, h4, h5, h6, hr, img";

/** Escape characters that Markdown would interpret. */
function escape(text) {
  return text.replace(/[\\`*_[\]<>~|]/g, "\\$&").replace(/^(\s*\d*)([#+.)-])(?=\s)/gm, "$1\\$2");
}

function safeUrl(element, name) {
  try {
    const url = new URL(element.getAttribute(name) ?? "");
    const isPlain = ["http:", "https:", "mailto:"].includes(url.protocol);
    return isPlain ? url.href.replaceAll("(", "%28").replaceAll(")", "%29") : null;
  } catch {
    return null;
  }
}

/** Add marks around a text, without the spaces around it. */
function addMarks(text, mark) {
  const [, before, inside, after] = text.match(/^(\s*)([^]*?)(\s*)$/);
  return inside ? before + mark + inside + mark + after : text;
}

/** Convert inline content to Markdown. */
function convertInline(node) {
  if (node.nodeType === Node.TEXT_NODE) return escape(node.data.replace(/\s+/g, " "));
  if (node.nodeType !== Node.ELEMENT_NODE || SKIPPED.has(node.tagName.toUpperCase())) return "";
  const tag = node.tagName;
  if (tag === "BR") return "\\\n";
  if (tag === "IMG") {
    const target = safeUrl(node, "src");
    return target ? `[${escape(node.alt || target)}](${target})` : escape(node.alt ?? "");
  }
  if (tag === "CODE" || tag === "KBD" || tag === "SAMP") return formatCode(node.textContent);
  const inside = [...node.childNodes].map(convertInline).join("");
  if (tag === "A") {
    const target = safeUrl(node, "href");
    return target && inside.trim() ? `[${inside.trim()}](${target})` : inside;
  }
  // Google Docs wraps everything in a <b> that is not bold.
  if (tag === "B" && /font-weight:\s*normal/.test(node.dataset.style ?? "")) return inside;
  return MARKS[tag] ? addMarks(inside, MARKS[tag]) : inside;
}

function formatCode(text) {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  const space = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return text.trim() ? fence + space + text + space + fence : "";
}

function isBlock(node) {
  return /^(P|DIV|H[1-6]|UL|OL|LI|PRE|BLOCKQUOTE|TABLE|HR|DL)$/.test(node.tagName ?? "") || BLOCKS.has(node.tagName);
}

function indent(text, first, rest = " ".repeat(first.length)) {
  return text.split("\n").map((line, number) => (number ? (line && rest) : first) + line).join("\n");
}

function convertTable(element) {
  const rows = [...element.querySelectorAll("tr")].map((row) =>
    [...row.querySelectorAll("th, td")].map((cell) => convertBlocks(cell).join(" ").replace(/\s*\\?\n\s*/g, " ")),
  );
  const width = Math.max(0, ...rows.map((row) => row.length));
  if (!width) return "";
  const [head, ...body] = rows.map((row) => `| ${[...row, ...Array(width - row.length).fill("")].join(" | ")} |`);
  return [head, `|${" --- |".repeat(width)}`, ...body].join("\n");
}

function convertList(element) {
  const items = [...element.children].filter((child) => child.tagName === "LI");
  return items
    .map((item, number) => {
      const mark = element.tagName === "OL" ? `${number + 1}. ` : "- ";
      return indent(convertBlocks(item).join("\n"), mark);
    })
    .join("\n");
}

/** Convert the content of an element to Markdown, as a list of blocks. */
function convertBlocks(element) {
  const found = [];
  let line = "";
  function endLine() {
    const text = line.replace(/(\\\n|\s)+$/, "").replace(/^(\\\n|\s)+/, "");
    if (text) found.push(text);
    line = "";
  }
  for (const node of element.childNodes) {
    if (!isBlock(node)) {
      // An inline wrapper such as a <span> or <b> may contain blocks.
      const hasBlocks = node.nodeType === Node.ELEMENT_NODE && [...node.querySelectorAll("*")].some(isBlock);
      if (!hasBlocks) {
        line += convertInline(node);
        continue;
      }
    }
    endLine();
    found.push(...convertBlock(node));
  }
  endLine();
  return found;
}

function convertBlock(node) {
  const tag = node.tagName;
  if (/^H[1-6]$/.test(tag)) {
    const text = convertLine(node);
    return text ? [`${"#".repeat(Math.max(2, Number(tag[1])))} ${text}`] : [];
  }
  if (tag === "UL" || tag === "OL") return [convertList(node)].filter(Boolean);
  if (tag === "PRE") return [`\`\`\`\n${node.textContent.replace(/\n$/, "")}\n\`\`\``];
  if (tag === "HR") return ["---"];
  if (tag === "TABLE") return [convertTable(node)].filter(Boolean);
  if (tag === "BLOCKQUOTE") return [indent(convertBlocks(node).join("\n\n"), "> ", "> ").replace(/^$/gm, ">")];
  return convertBlocks(node);
}

function convertLine(node) {
  return [...node.childNodes].map(convertInline).join("").replace(/\\?\n/g, " ").trim();
}

/** Rename the attributes for which the page's security policy would log errors in the console. */
function removeStyles(html) {
  return html.replace(/<[^>]*>/g, (tag) =>
    tag.replace(/\sstyle\s*=/gi, " data-style=").replace(/\son\w+\s*=/gi, " data-on="),
  );
}

/** Convert HTML to Markdown, without running or loading any of it; null if it has no formatting. */
function convertToMarkdown(html) {
  const page = new DOMParser().parseFromString(removeStyles(html), "text/html");
  const isRich = page.body.querySelector(RICH) !== null;
  return isRich ? convertBlocks(page.body).join("\n\n") : null;
}

/** Convert rich text that is pasted into a field to Markdown; Ctrl+Shift+V pastes plain text. */
export function pasteAsMarkdown(field) {
  field.addEventListener("paste", (event) => {
    const html = event.clipboardData?.getData("text/html");
    // Code editors copy code as rich text, but its colours are irrelevant.
    const isCode = event.clipboardData?.types.includes("vscode-editor-data");
    if (!html || isCode) return;
    const markdown = convertToMarkdown(html);
    if (!markdown) return;
    event.preventDefault();
    replace(field, field.selectionStart, field.selectionEnd, markdown);
  });
}
