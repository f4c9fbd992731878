// Whether a text is an address, as Node decides it. To load node:net takes a while, so that waits
// until somebody asks.
const net = () => process.getBuiltinModule('node:net');

/** 4 or 6, the address's version, and 0 if the text is none. */
export const isIP = (text: string): number => net().isIP(text);

/** Whether the text is an address of version 6. */
export const isIPv6 = (text: string): boolean => net().isIPv6(text);
