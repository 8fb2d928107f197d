/** stringFormats: JSON Schema's `format`, each as a pattern that only matches valid values; some valid ones are left out. */
const date =
  "[12]\\d{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))";
const time = "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,6})?(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)";
const label = "[A-Za-z0-9](?:-?[A-Za-z0-9]){0,20}";
const byte = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const group = "[0-9A-Fa-f]{1,4}";
const number = "\\d{1,4}";
const days = `(?:${number}Y(?:${number}M(?:${number}D)?)?|${number}M(?:${number}D)?|${number}D)`;
const clock = `T(?:${number}H(?:${number}M(?:${number}S)?)?|${number}M(?:${number}S)?|${number}S)`;
const local = "[A-Za-z0-9_%+-]{1,32}";
const urlCharacter = "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})";

/** OpenAPI's formats of numbers: but for int32, they have more room than the digits that are written. */
export const numberFormats: ReadonlySet<string> = new Set(["int32", "int64", "uint32", "uint64", "float", "double"]);

export const stringFormats: Readonly<Record<string, string>> = {
  date: `^${date}$`,
  time: `^${time}$`,
  "date-time": `^${date}T${time}$`,
  duration: `^P(?:${days}(?:${clock})?|${clock}|${number}W)$`,
  email: `^${local}(?:\\.${local}){0,3}@(?:${label}\\.){1,4}[A-Za-z]{2,12}$`,
  hostname: `^${label}(?:\\.${label}){0,5}$`,
  ipv4: `^(?:${byte}\\.){3}${byte}$`,
  ipv6: `^(?:(?:${group}:){7}${group}|(?:${group}:){1,6}:${group}|::${group}(?::${group}){0,5})$`,
  uuid: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
  uri: `^https?://${label}(?:\\.${label}){0,5}(?::\\d{1,4})?(?:/${urlCharacter}*)*(?:\\?${urlCharacter}*)?(?:#${urlCharacter}*)?$`,
};
