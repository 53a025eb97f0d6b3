// Suggestions for a field with several tags: a list suggests whole values, so each of its options
// begins with the tags that are there already.

/** Suggest one's own tags for the tag that is being typed. */
export function suggestTags(field, list) {
  const own = [...list.options].map((option) => option.value);
  function refresh() {
    const typed = field.value.split(",").map((tag) => tag.trim());
    const before = typed.slice(0, -1).filter(Boolean);
    const left = own.filter((tag) => !before.includes(tag));
    list.replaceChildren(
      ...left.map((tag) => {
        const option = document.createElement("option");
        option.value = [...before, tag].join(", ");
        return option;
      }),
    );
  }
  field.addEventListener("input", refresh);
  refresh();
}
