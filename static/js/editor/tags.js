// Suggestions for a field with several tags. A <datalist> suggests whole values, so each option starts
// with the tags that are already in the field.

/** Suggest the user's own tags for the tag that is being typed. */
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
