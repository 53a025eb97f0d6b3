// Rich text that is pasted becomes Markdown. Only what is named here is kept of it; everything else
// is its text, so nothing of another site's markup gets into the post.

import { replace } from "./text.js";

const SKIPPED = new Set(["SCRIPT", "STYLE", "TEMPLATE", "NOSCRIPT", "HEAD", "META", "LINK", "TITLE", "SVG", "IFRAME", "OBJECT"]);
const BLOCKS = new Set(["P", "DIV", "SECTION", "ARTICLE", "HEADER", "FOOTER", "MAIN", "ASIDE", "FIGURE", "FIGCAPTION", "DL", "DT", "DD", "ADDRESS", "BODY"]);
const MARKS = { B: "**", STRONG: "**", I: "_", EM: "_", DEL: "~~", S: "~~", STRIKE: "~~" };
const TELLING = "a, b, strong, i, em, del, s, code, pre, blockquote, ul, ol, table, h1, h2, h3, h4, h5, h6, hr, img";

/** Characters that Markdown would take for marks. */
function escape(text) {
  return text.replace(/[\\`*_[\]<>~|]/g, "\\$&").replace(/^(\s*\d*)([#+.)-])(?=\s)/gm, "$1\\$2");
}

function address(element, name) {
  try {
    const url = new URL(element.getAttribute(name) ?? "");
    const isPlain = ["http:", "https:", "mailto:"].includes(url.protocol);
    return isPlain ? url.href.replaceAll("(", "%28").replaceAll(")", "%29") : null;
  } catch {
    return null;
  }
}

/** Marks must touch the words that they are for. */
function marked(text, mark) {
  const [, before, inside, after] = text.match(/^(\s*)([^]*?)(\s*)$/);
  return inside ? before + mark + inside + mark + after : text;
}

/** The Markdown of what stands in a line. */
function inline(node) {
  if (node.nodeType === Node.TEXT_NODE) return escape(node.data.replace(/\s+/g, " "));
  if (node.nodeType !== Node.ELEMENT_NODE || SKIPPED.has(node.tagName.toUpperCase())) return "";
  const tag = node.tagName;
  if (tag === "BR") return "\\\n";
  if (tag === "IMG") {
    const target = address(node, "src");
    return target ? `[${escape(node.alt || target)}](${target})` : escape(node.alt ?? "");
  }
  if (tag === "CODE" || tag === "KBD" || tag === "SAMP") return codeSpan(node.textContent);
  const inside = [...node.childNodes].map(inline).join("");
  if (tag === "A") {
    const target = address(node, "href");
    return target && inside.trim() ? `[${inside.trim()}](${target})` : inside;
  }
  // Google Docs has all in a <b> that is not bold.
  if (tag === "B" && /font-weight:\s*normal/.test(node.dataset.style ?? "")) return inside;
  return MARKS[tag] ? marked(inside, MARKS[tag]) : inside;
}

function codeSpan(text) {
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

function table(element) {
  const rows = [...element.querySelectorAll("tr")].map((row) =>
    [...row.querySelectorAll("th, td")].map((cell) => blocks(cell).join(" ").replace(/\s*\\?\n\s*/g, " ")),
  );
  const width = Math.max(0, ...rows.map((row) => row.length));
  if (!width) return "";
  const [head, ...body] = rows.map((row) => `| ${[...row, ...Array(width - row.length).fill("")].join(" | ")} |`);
  return [head, `|${" --- |".repeat(width)}`, ...body].join("\n");
}

function list(element) {
  const items = [...element.children].filter((child) => child.tagName === "LI");
  return items
    .map((item, number) => {
      const mark = element.tagName === "OL" ? `${number + 1}. ` : "- ";
      return indent(blocks(item).join("\n"), mark);
    })
    .join("\n");
}

/** The Markdown of what stands in an element, block by block. */
function blocks(element) {
  const found = [];
  let line = "";
  function endLine() {
    const text = line.replace(/(\\\n|\s)+$/, "").replace(/^(\\\n|\s)+/, "");
    if (text) found.push(text);
    line = "";
  }
  for (const node of element.childNodes) {
    if (!isBlock(node)) {
      // A wrapper such as a <span> or <b> may have blocks in it.
      const hasBlocks = node.nodeType === Node.ELEMENT_NODE && [...node.querySelectorAll("*")].some(isBlock);
      if (!hasBlocks) {
        line += inline(node);
        continue;
      }
    }
    endLine();
    found.push(...block(node));
  }
  endLine();
  return found;
}

function block(node) {
  const tag = node.tagName;
  if (/^H[1-6]$/.test(tag)) {
    const text = inlineOf(node);
    return text ? [`${"#".repeat(Math.max(2, Number(tag[1])))} ${text}`] : [];
  }
  if (tag === "UL" || tag === "OL") return [list(node)].filter(Boolean);
  if (tag === "PRE") return [`\`\`\`\n${node.textContent.replace(/\n$/, "")}\n\`\`\``];
  if (tag === "HR") return ["---"];
  if (tag === "TABLE") return [table(node)].filter(Boolean);
  if (tag === "BLOCKQUOTE") return [indent(blocks(node).join("\n\n"), "> ", "> ").replace(/^$/gm, ">")];
  return blocks(node);
}

function inlineOf(node) {
  return [...node.childNodes].map(inline).join("").replace(/\\?\n/g, " ").trim();
}

/** Tags without what the policy of the page would complain of in the console. */
function withoutStyles(html) {
  return html.replace(/<[^>]*>/g, (tag) =>
    tag.replace(/\sstyle\s*=/gi, " data-style=").replace(/\son\w+\s*=/gi, " data-on="),
  );
}

/** The Markdown for HTML from elsewhere; nothing of it is run or loaded. */
function markdownOf(html) {
  const page = new DOMParser().parseFromString(withoutStyles(html), "text/html");
  const isRich = page.body.querySelector(TELLING) !== null;
  return isRich ? blocks(page.body).join("\n\n") : null;
}

/** Let a field take rich text as Markdown; with Shift, Ctrl+V pastes it as it is. */
export function pasteAsMarkdown(field) {
  field.addEventListener("paste", (event) => {
    const html = event.clipboardData?.getData("text/html");
    // What an editor of code copies is code, and its colours say nothing.
    const isCode = event.clipboardData?.types.includes("vscode-editor-data");
    if (!html || isCode) return;
    const markdown = markdownOf(html);
    if (!markdown) return;
    event.preventDefault();
    replace(field, field.selectionStart, field.selectionEnd, markdown);
  });
}
