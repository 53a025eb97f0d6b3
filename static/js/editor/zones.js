// Time zones: the browser knows their names, and its own.

/** Offer all time zones, and fill in that of the browser if none is chosen yet. */
export function offerZones(field, list) {
  const names = Intl.supportedValuesOf?.("timeZone") ?? [];
  list.replaceChildren(
    ...["UTC", ...names].map((name) => {
      const option = document.createElement("option");
      option.value = name;
      return option;
    }),
  );
  if (!field.value) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  field.defaultValue = field.value;
}
