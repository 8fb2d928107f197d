/** What Python's texts and dates do, where a chat template relies on it and JavaScript does otherwise. */

/** What `str.isspace` says, in the Basic Multilingual Plane, where all of it stands. */
const SPACE =
  "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000";

export type Side = "strip" | "lstrip" | "rstrip";

/** `str.strip`, `lstrip` and `rstrip`: takes away characters that are in `characters`; without them, white space. */
export function strip(text: string, side: Side, characters: string | undefined): string {
  const set = new Set(characters ?? SPACE);
  const all = [...text];
  let [from, to] = [0, all.length];
  if (side !== "rstrip") while (from < to && set.has(all[from]!)) from++;
  if (side !== "lstrip") while (to > from && set.has(all[to - 1]!)) to--;
  return all.slice(from, to).join("");
}

const MONTHS = "January February March April May June July August September October November December".split(" ");
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const DAY_MS = 86_400_000;

/** `datetime.strftime` in UTC and in the C locale, as glibc does it. Codes that it does not know stay as they are. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%([-_0^]?)([A-Za-z%])/g, (whole, flag: string, code: string) => {
    const field = fieldOf(date, code);
    if (field === undefined) return whole;
    if (flag === "^") return (typeof field === "string" ? field : digits(field)).toUpperCase();
    if (typeof field === "string") return field;
    return digits(field, flag);
  });
}

interface Digits {
  value: number;
  width: number;
  fill: "0" | " ";
}

function digits({ value, width, fill }: Digits, flag = ""): string {
  if (flag === "-") return String(value);
  return String(value).padStart(width, flag === "_" ? " " : flag === "0" ? "0" : fill);
}

function fieldOf(date: Date, code: string): Digits | string | undefined {
  const number = (value: number, width = 2, fill: "0" | " " = "0"): Digits => ({ value, width, fill });
  const year = date.getUTCFullYear();
  const weekday = date.getUTCDay();
  const dayOfYear = Math.floor((date.getTime() - Date.UTC(year, 0, 1)) / DAY_MS);
  const hour = date.getUTCHours();
  const twelve = hour % 12 || 12;
  const composed = (format: string) => strftime(date, format);
  switch (code) {
    case "A":
      return DAYS[weekday]!;
    case "a":
      return DAYS[weekday]!.slice(0, 3);
    case "B":
      return MONTHS[date.getUTCMonth()]!;
    case "b":
    case "h":
      return MONTHS[date.getUTCMonth()]!.slice(0, 3);
    case "C":
      return number(Math.floor(year / 100));
    case "c":
      return composed("%a %b %e %H:%M:%S %Y");
    case "D":
    case "x":
      return composed("%m/%d/%y");
    case "d":
      return number(date.getUTCDate());
    case "e":
      return number(date.getUTCDate(), 2, " ");
    case "F":
      return composed("%Y-%m-%d");
    case "f":
      return number(date.getUTCMilliseconds() * 1000, 6);
    case "G":
      return number(isoWeek(date).year, 4);
    case "g":
      return number(isoWeek(date).year % 100);
    case "H":
      return number(hour);
    case "I":
      return number(twelve);
    case "j":
      return number(dayOfYear + 1, 3);
    case "k":
      return number(hour, 2, " ");
    case "l":
      return number(twelve, 2, " ");
    case "M":
      return number(date.getUTCMinutes());
    case "m":
      return number(date.getUTCMonth() + 1);
    case "n":
      return "\n";
    case "P":
      return hour < 12 ? "am" : "pm";
    case "p":
      return hour < 12 ? "AM" : "PM";
    case "R":
      return composed("%H:%M");
    case "r":
      return composed("%I:%M:%S %p");
    case "S":
      return number(date.getUTCSeconds());
    case "s":
      return number(Math.floor(date.getTime() / 1000), 1);
    case "T":
    case "X":
      return composed("%H:%M:%S");
    case "t":
      return "\t";
    case "U":
      return number(Math.floor((dayOfYear + 7 - weekday) / 7));
    case "u":
      return number(weekday || 7, 1);
    case "V":
      return number(isoWeek(date).week);
    case "W":
      return number(Math.floor((dayOfYear + 7 - ((weekday + 6) % 7)) / 7));
    case "w":
      return number(weekday, 1);
    case "Y":
      return number(year, 1);
    case "y":
      return number(year % 100);
    case "Z":
    case "z":
      // A date without a zone, as `datetime.now()` is.
      return "";
    case "%":
      return "%";
    default:
      return undefined;
  }
}

/** The week of ISO 8601 belongs to the year of its Thursday. */
function isoWeek(date: Date): { year: number; week: number } {
  const thursday = new Date(date.getTime() + (3 - ((date.getUTCDay() + 6) % 7)) * DAY_MS);
  const year = thursday.getUTCFullYear();
  return { year, week: 1 + Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * DAY_MS)) };
}
