import { describe, expect, it } from "vitest";
import { messageOf, Pastes } from "../../src/cli/terminal-input.ts";
import { WordWrap } from "../../src/cli/word-wrap.ts";

const paste = (text: string) => `\x1b[200~${text}\x1b[201~`;
/** As a terminal may deliver it: in pieces of any size. */
function typed(keys: string, size: number): string {
  const pastes = new Pastes();
  let out = "";
  for (let i = 0; i < keys.length; i += size) out += pastes.push(keys.slice(i, i + size));
  return out;
}

describe("a paste at the prompt", () => {
  it.each([1, 2, 3, 5, 100])("is one line for the editor and all its lines in the message, in chunks of %i", (size) => {
    const [line, ...more] = typed(`a${paste("one\r\ntwo\n\tthree")}b\r`, size).split("\r");
    expect(more).toEqual([""]);
    expect(messageOf(line!)).toBe("aone\ntwo\n    threeb");
  });

  it("leaves keys as they are: arrows, and an Escape, which comes with the next key", () => {
    expect(typed("\x1b[A\x1b[D", 100)).toBe("\x1b[A\x1b[D");
    const pastes = new Pastes();
    expect(pastes.push("\x1b") + pastes.push("x")).toBe("\x1bx");
  });

  it("takes several, and a mark of the other kind inside for text", () => {
    expect(messageOf(typed(`${paste("a\nb")} ${paste("\x1b[200~c")}`, 4))).toBe("a\nb \x1b[200~c");
  });
});

/** Wraps a text that comes in pieces. */
function wrapped(text: string, columns: number, size = 3): string {
  const wrap = new WordWrap(() => columns);
  let out = "";
  for (let i = 0; i < text.length; i += size) out += wrap.push(text.slice(i, i + size));
  return out + wrap.end();
}

describe("words at a terminal's width", () => {
  it.each([1, 2, 7, 100])("break between words, and nothing is lost, in pieces of %i", (size) => {
    const text = "The quick brown fox jumps over the lazy dog.\n\n- one\n- two";
    const out = wrapped(text, 12, size);
    expect(out).toBe("The quick\nbrown fox\njumps over\nthe lazy\ndog.\n\n- one\n- two");
    for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(12);
  });

  it("a word that is longer than a line stays whole; spaces at a break go", () => {
    expect(wrapped("an extraordinarily   long word", 8)).toBe("an\nextraordinarily\nlong\nword");
  });

  it("code keeps its lines", () => {
    const text = "So:\n```py\nprint('a rather long line of code')\n```\nand then words go on";
    expect(wrapped(text, 12)).toBe(text.replace("and then words go on", "and then\nwords go on"));
  });

  it("letters of two columns count as two", () => {
    expect(wrapped("漢字漢字漢字", 8)).toBe("漢字漢字\n漢字");
  });
});
