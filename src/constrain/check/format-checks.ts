/**
 * formatChecks: what JSON Schema's formats mean, for judging values that are there. What may be generated
 * is narrower: schema/formats.ts.
 *
 * Every expression here reads a text once: none repeats a repetition. Sources: RFC 3339, 5321,
 * 1123, 4291, 3986, 9562, 6901, 6570.
 */

import { isIdnHostname } from "./idn.ts";

const MAX_CHARACTERS = 100_000;

/** `full-date` of RFC 3339, a day that there is. */
export function isDate(text: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text)?.map(Number) ?? [];
  if (year === undefined || month === undefined || day === undefined || month < 1 || month > 12) return false;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]!;
  return day >= 1 && day <= days;
}

function isTime(text: string): boolean {
  const match = /^(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[zZ]|([+-])(\d\d):(\d\d))$/.exec(text);
  if (!match) return false;
  const [hour, minute, second, , zoneHour, zoneMinute] = match.slice(1).map(Number) as number[];
  const sign = match[4] === "-" ? 1 : -1;
  if (hour! > 23 || minute! > 59 || second! > 60 || (zoneHour ?? 0) > 23 || (zoneMinute ?? 0) > 59) return false;
  if (second! < 60) return true;
  // A leap second is the last of a day in UTC.
  const zone = match[5] === undefined ? 0 : sign * (zoneHour! * 60 + zoneMinute!);
  return (hour! * 60 + minute! + zone + 2880) % 1440 === 1439;
}

const isDateTime = (text: string): boolean =>
  /^[Tt]$/.test(text[10] ?? "") && isDate(text.slice(0, 10)) && isTime(text.slice(11));

/** Labels that are encoded names of other scripts are looked into. */
const isHostname = (text: string): boolean => /^[\0-\x7f]*$/.test(text) && isIdnHostname(text);

const isIpv4 = (text: string): boolean => {
  const bytes = text.split(".");
  return bytes.length === 4 && bytes.every((byte) => /^(0|[1-9]\d{0,2})$/.test(byte) && Number(byte) < 256);
};

function isIpv6(text: string): boolean {
  if (text.length > 45 || text.includes(":::")) return false;
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")));
  const all = groups.flat();
  const last = all.at(-1);
  const hasIpv4 = last?.includes(".") === true && (halves.length === 1 || groups[1]!.length > 0);
  if (hasIpv4 && !isIpv4(all.pop()!)) return false;
  if (!all.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false;
  const count = all.length + (hasIpv4 ? 2 : 0);
  return halves.length === 2 ? count <= 7 : count === 8;
}

function isEmail(text: string): boolean {
  const at = text.lastIndexOf("@");
  const [local, domain] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || local.length > 64 + 254) return false;
  const isLocal = local.startsWith('"')
    ? /^"(?:[^"\\]|\\.)*"$/.test(local)
    : local.split(".").every((atom) => /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+$/.test(atom));
  if (!isLocal) return false;
  const literal = /^\[(.*)\]$/.exec(domain)?.[1];
  if (literal === undefined) return isHostname(domain);
  return /^IPv6:/i.test(literal) ? isIpv6(literal.slice(5)) : isIpv4(literal);
}

const URI_CHARACTER = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*$/;
const AUTHORITY =
  /^(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*@)?(\[[^\]]*\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::\d*)?$/;

/** `isInternational`: IRIs have letters beyond ASCII. */
function isUri(text: string, needsScheme: boolean, isInternational = false): boolean {
  const ascii = isInternational
    ? text.replace(/[\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef\u{10000}-\u{efffd}]/gu, "a")
    : text;
  const [, scheme, rest = ""] = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(.*)$/s.exec(ascii) ?? [];
  if (scheme === undefined && needsScheme) return false;
  const hash = rest.indexOf("#");
  const [body, fragment] = hash < 0 ? [rest, ""] : [rest.slice(0, hash), rest.slice(hash + 1)];
  if (!URI_CHARACTER.test(fragment)) return false;
  if (body.startsWith("//")) {
    const end = body.slice(2).search(/[/?]/);
    const authority = end < 0 ? body.slice(2) : body.slice(2, 2 + end);
    const host = AUTHORITY.exec(authority)?.[1];
    if (host === undefined) return false;
    if (host.startsWith("[") && !isIpv6(host.slice(1, -1)) && !/^\[v[0-9a-f]+\./i.test(host)) return false;
    return end < 0 || URI_CHARACTER.test(body.slice(2 + end));
  }
  // A first segment with a colon would be a scheme.
  if (scheme === undefined && /^[^/?]*:/.test(body)) return false;
  return URI_CHARACTER.test(body);
}

const TEMPLATE_CHARACTER = /^(?:[^\0- \x7f-\x9f"%<>\\^`{|}]|%[0-9A-Fa-f]{2})*$/;
/** A variable: names with dots between, and what it is cut to, or "*". */
const VARIABLE = /^(?:\w|%[0-9A-Fa-f]{2})+(?:\.(?:\w|%[0-9A-Fa-f]{2})+)*(?::[1-9]\d{0,3}|\*)?$/;

/** RFC 6570; operators that it keeps for later are none yet. */
function isUriTemplate(text: string): boolean {
  const literal = text.replace(/\{[+#./;?&]?([^{}]*)\}/g, (expression, variables: string) =>
    variables.split(",").every((variable) => VARIABLE.test(variable)) ? "" : expression,
  );
  return TEMPLATE_CHARACTER.test(literal);
}

function isDuration(text: string): boolean {
  if (/^P\d+W$/.test(text)) return true;
  const match = /^P((?:\d+Y)?(?:\d+M)?(?:\d+D)?)(?:T((?:\d+H)?(?:\d+M)?(?:\d+S)?))?$/.exec(text);
  if (!match || match[2] === "" || (match[1] === "" && match[2] === undefined)) return false;
  // A part may not be left out in the middle.
  return !/Y\d+D/.test(match[1]!) && !/H\d+S/.test(match[2] ?? "");
}

const isPointer = (text: string): boolean => (text === "" || text.startsWith("/")) && !/~(?![01])/.test(text);

/** Longer expressions are not read: a compiler's work on one is linear, but nobody writes such. */
const MAX_REGEX = 10_000;

/** Whether it is an expression of ECMAScript. It is compiled, and never run. */
function isRegex(text: string): boolean {
  if (text.length > MAX_REGEX) return false;
  try {
    new RegExp(text, "u");
    return true;
  } catch {
    return false;
  }
}

export const formatChecks: Readonly<Record<string, (text: string) => boolean>> = {
  regex: isRegex,
  date: isDate,
  time: isTime,
  "date-time": isDateTime,
  duration: isDuration,
  email: isEmail,
  "idn-email": (text) => isEmail(text.replace(/[^\0-\x7f]/gu, "a")),
  hostname: isHostname,
  "idn-hostname": isIdnHostname,
  ipv4: isIpv4,
  ipv6: isIpv6,
  uuid: (text) => /^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$/.test(text),
  uri: (text) => isUri(text, true),
  "uri-reference": (text) => isUri(text, false),
  iri: (text) => isUri(text, true, true),
  "iri-reference": (text) => isUri(text, false, true),
  "uri-template": isUriTemplate,
  "json-pointer": isPointer,
  "relative-json-pointer": (text) => {
    const [, rest] = /^(?:0|[1-9]\d*)(.*)$/s.exec(text) ?? [];
    return rest !== undefined && (rest === "#" || isPointer(rest));
  },
};

/**
 * Steps for each Unicode property in a pattern, because the compiler of patterns writes down all
 * ranges of the property every time.
 */
const PROPERTY_STEPS = 500;

/** How many steps of a budget `fitsFormat` takes for a text. */
export function formatSteps(format: string, text: string): number {
  const properties = format === "regex" && text.length <= MAX_REGEX ? (text.match(/\\p\{/gi)?.length ?? 0) : 0;
  return (text.length >> 3) + PROPERTY_STEPS * properties;
}

/** Formats that are not known say nothing. */
export function fitsFormat(format: string, text: string): boolean {
  if (!Object.hasOwn(formatChecks, format)) return true;
  return text.length <= MAX_CHARACTERS && formatChecks[format]!(text);
}
