/**
 * stringFormats: JSON Schema's `format`, each as a pattern that only matches valid values; some valid ones are left
 * out. All of them consist of ASCII characters that need no escape in JSON.
 */
const days =
  "(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8])";
const leapYear = "(?:[12]\\d(?:0[48]|[2468][048]|[13579][26])|(?:12|16|20|24|28)00)";
const date = `(?:[12]\\d{3}-(?:${days})|${leapYear}-02-29)`;
const time = "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)";
const label = "[A-Za-z0-9](?:-?[A-Za-z0-9]){0,20}";
const byte = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const group = "[0-9A-Fa-f]{1,4}";
const number = "\\d{1,4}";
const calendar = `(?:${number}Y(?:${number}M(?:${number}D)?)?|${number}M(?:${number}D)?|${number}D)`;
const clock = `T(?:${number}H(?:${number}M(?:${number}S)?)?|${number}M(?:${number}S)?|${number}S)`;
const local = "[A-Za-z0-9_%+-]{1,24}";
const urlCharacter = "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})";
/** Without counted labels: beside a `maxLength`, each count would be another place. */
const host = "[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*(?::\\d{1,4})?";
const tail = `(?:\\?(?:${urlCharacter}|[/?])*)?(?:#(?:${urlCharacter}|[/?])*)?`;
/** With a host, and the most usual ones without. */
const uri = `^(?:(?:https?|ftp|wss?|ssh|git)://${host}(?:/${urlCharacter}*)*|file://(?:/${urlCharacter}+)+|(?:urn|mailto|tel|news|data):${urlCharacter}+(?:/${urlCharacter}*)*)${tail}$`;
/** Of IPv6: up to so many groups, so many at least behind "::". */
const groups = (most: number) => (most === 0 ? "" : `(?:${group}(?::${group}){0,${most - 1}})?`);
const shortened = Array.from({ length: 8 }, (_, before) =>
  before === 0 ? `::${groups(7)}` : `${group}(?::${group}){${before - 1}}::${groups(7 - before)}`,
).join("|");

/** OpenAPI's formats of numbers: but for int32, they have more room than the digits that are written. */
export const numberFormats: ReadonlySet<string> = new Set(["int32", "int64", "uint32", "uint64", "float", "double"]);

export const stringFormats: Readonly<Record<string, string>> = {
  date: `^${date}$`,
  time: `^${time}$`,
  "date-time": `^${date}T${time}$`,
  duration: `^P(?:${calendar}(?:${clock})?|${clock}|${number}W)$`,
  email: `^${local}(?:\\.${local}){0,2}@(?:${label}\\.){1,3}[A-Za-z]{2,12}$`,
  hostname: `^${label}(?:\\.${label}){0,5}$`,
  ipv4: `^(?:${byte}\\.){3}${byte}$`,
  ipv6: `^(?:(?:${group}:){7}${group}|${shortened})$`,
  uuid: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
  uri,
};
