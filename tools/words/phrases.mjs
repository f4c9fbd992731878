// Phrases that have to be read twice, with what to write in their place. `npm run lint` looks for them.

/** @type {readonly { readonly pattern: RegExp, readonly instead: string }[]} */
export const phrases = [
  { pattern: /\b(is|are|was|be|been) told\b/, instead: 'say who reports what' },
  {
    pattern:
      /\b(is|was|are|were) so\b(?!me| (that|far|many|much|few|long|short|small|large|little))/,
    instead: 'repeat the condition',
  },
  { pattern: /\b(is|are|was|were) no (?!longer|more)/, instead: '"is not a"' },
  { pattern: /\bof (one's|his|our) own\b/, instead: '"its own"' },
  { pattern: /\b(who|whom)ever\b/i, instead: 'the noun: caller, child, process, user' },
  { pattern: /\b(some|every|any)body\b/i, instead: 'the noun: caller, child, process, user' },
  { pattern: /\b(?<!['`"])nobody\b(?!['`"])/i, instead: '"not", or the noun' },
  { pattern: /\bone ?self\b/i, instead: 'the noun' },
  { pattern: /\b(of|than|as|with) ours\b/i, instead: 'the noun' },
  { pattern: /\bgladly\b/i, instead: 'a number or a condition' },
  { pattern: /\bcome what may\b/i, instead: '"in any case"' },
  { pattern: /\bkeeps? no other from\b/, instead: '"the others still run"' },
  {
    pattern: /^\s*(?:\/\*\*|\*) (What|Whether|Who|Whom|Whose|Which|How)\b/,
    instead: 'a verb in the third person, or a noun',
  },
];
