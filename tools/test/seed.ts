// Gives fast-check the seed in $NS_TEST_SEED, which a failed property has printed.
if (process.env.NS_TEST_SEED) {
  const { default: fc } = await import('fast-check');
  fc.configureGlobal({ seed: Number(process.env.NS_TEST_SEED) });
}
