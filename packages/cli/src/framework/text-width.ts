// Widths of texts in columns of a terminal, as wcwidth(3) counts them. The Unicode data is that of the
// regular expressions of JavaScript: a library would bring a table of its own, and take time to load.

/** Combining marks, and the vowels and final consonants that join a Hangul syllable. */
const ZERO = /^[\p{Mn}\p{Me}\u1160-\u11ff\ud7b0-\ud7ff]$/u;

/** Half-width forms, Bopomofo tone marks and single regional indicators, which {@link WIDE} has, too. */
const NARROW = /^[\u02ea\u02eb\uff61-\uffdc\uffe8-\uffee\u{1f1e6}-\u{1f1ff}]$/u;

/** Emoji, East Asian scripts, and the symbols and full-width forms used with them. */
const WIDE =
  /^[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}\p{Script=Tangut}\p{Script=Nushu}\p{Script=Khitan_Small_Script}\u2329\u232a\u2e80-\u303e\u3040-\ua4cf\ufe10-\ufe1f\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1aff0}-\u{1b16f}\u{1f200}-\u{1f2ff}]$/u;

/** Largest character of the first scripts, all of which are one column wide: the usual text is ASCII. */
const LAST_SIMPLE = 0x2ff;
const ASCII = /^[\x20-\x7e]*$/;

/** Returns the columns of a character that {@link printable} leaves as it is: 0, 1 or 2. */
export function characterWidth(character: string): 0 | 1 | 2 {
  if ((character.codePointAt(0) as number) <= LAST_SIMPLE) return 1;
  if (ZERO.test(character)) return 0;
  return WIDE.test(character) && !NARROW.test(character) ? 2 : 1;
}

/** Returns the columns of a text. */
export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/**
 * Returns a text that has at most so many columns. A longer one ends with `…`. Marks stay with their
 * character, and a wide character is kept whole or left out.
 */
export function truncate(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const character of text) {
    width += characterWidth(character);
    if (width > columns - 1) break;
    kept += character;
  }
  return `${kept}…`;
}
