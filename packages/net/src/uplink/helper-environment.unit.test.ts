import { expect, onTestFinished, test, vi } from 'vitest';
import { helperEnvironment } from './helper-environment.js';

test('helperEnvironment has the absolute entries of PATH, and nothing else of the caller', () => {
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  vi.stubEnv('SECRET', 'of the caller');
  vi.stubEnv('PATH', '/opt/bin::.:bin:/usr/bin');
  expect(helperEnvironment()).toEqual({ PATH: '/opt/bin:/usr/bin', LC_ALL: 'C' });
  vi.stubEnv('PATH', '');
  expect(helperEnvironment().PATH).toContain('/usr/sbin');
});
