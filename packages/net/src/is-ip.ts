// Node's check of IP addresses. node:net is slow to load, so that it is loaded by the first call.
const net = () => process.getBuiltinModule('node:net');

/** Returns the version of an address, 4 or 6; 0 for other texts. */
export const isIP = (text: string): number => net().isIP(text);

/** True for an IPv6 address. */
export const isIPv6 = (text: string): boolean => net().isIPv6(text);
