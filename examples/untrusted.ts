// Code from strangers: it is run, its output is taken, and it gets neither files nor network nor time
// without end. What ends it early is a result like any other.
import { isRunError, sandbox, untrusted } from '@ns/sandbox';

const LIMITS = { ...untrusted({ limits: { pids: 20 } }), timeout: 5000 };

/** Returns what a grader, a bot or a playground reports about a shell script of one of its users. */
async function judge(script: string): Promise<string> {
  try {
    const { stdout } = await sandbox.run('sh', ['-c', script], { ...LIMITS, optional: ['limits'] });
    return `printed ${JSON.stringify(stdout)}`;
  } catch (error) {
    if (!isRunError(error)) throw error; // the sandbox could not be made, so the script is not to blame
    if (error.code === 'ETIMEDOUT') return 'took too long';
    return error.signal ? `ended by ${error.signal}` : `failed with ${error.exitCode}`;
  }
}

const scripts = [
  'echo $((6 * 7))',
  'exit 3',
  'cat /etc/shadow /root/.ssh/* /home/*/.ssh/*',
  'kill -9 -1',
  'while :; do :; done',
];
for (const script of scripts) console.log(`${script}: ${await judge(script)}`);
