// Writes limits into the files of a group, all of them or none.
import { SystemError } from '@ns/core';
import type { ControlFiles } from './control-files.js';
import type { Setting } from './limit-values.js';

const EINVAL = 22;
const PARTITION = 'cpuset.cpus.partition';

/** Values that stand for no limit of a device, in files with a line for each. */
const UNLIMITED: Readonly<Record<string, string>> = {
  'io.max': 'rbps=max wbps=max riops=max wiops=max',
  'io.latency': 'target=0',
  'misc.max': 'max',
};

/** Returns the setting that restores the present value. */
function presentSetting(files: ControlFiles, { file, value }: Setting): Setting {
  const text = files.read(file).trimEnd();
  const unlimited = UNLIMITED[file];
  // A partition that could not be made is shown with the reason behind it.
  if (file === PARTITION) return { file, value: text.replace(/ .*/s, '') };
  if (unlimited === undefined) return { file, value: text === '' ? '\n' : text };
  const [key = ''] = value.split(' ');
  const line = text.split('\n').find((one) => one.startsWith(`${key} `));
  return { file, value: line ?? `${key} ${unlimited}` };
}

/** Writes a setting. The kernel may accept a partition without making it, which is an error. */
function write(files: ControlFiles, { file, value }: Setting): void {
  files.write(file, value);
  if (file !== PARTITION) return;
  const now = files.read(file).trim();
  if (now === value) return;
  throw new SystemError(EINVAL, 'write', [`${files.path}/${file}`, value], {
    step: `cgroup file ${file}`,
    hint: `The kernel did not make the partition: ${now}.`,
  });
}

/** Writes the settings of a new group. */
export function applySettings(files: ControlFiles, settings: readonly Setting[]): void {
  for (const setting of settings) write(files, setting);
}

/** Changes settings. On failure the previous values are restored. */
export function changeSettings(files: ControlFiles, settings: readonly Setting[]): void {
  const before: Setting[] = [];
  try {
    for (const setting of settings) {
      before.unshift(presentSetting(files, setting));
      write(files, setting);
    }
  } catch (error) {
    const failures = before.flatMap(({ file, value }) => {
      try {
        files.write(file, value);
        return [];
      } catch (failure) {
        return [failure];
      }
    });
    if (failures.length === 0) throw error;
    throw new AggregateError(
      [error, ...failures],
      `${files.path}: limits could not be set, and not all could be set back`,
    );
  }
}
