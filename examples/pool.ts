// A pool of sandboxes: a server that runs many small jobs takes one that is ready, and makes the next
// one meanwhile. Each is used once, so no job meets what another has left behind.
import { type Sandbox, sandbox, untrusted } from '@ns/sandbox';

class Pool implements AsyncDisposable {
  readonly #ready: Promise<Sandbox>[] = [];

  constructor(size: number) {
    for (let i = 0; i < size; i++) this.#refill();
  }

  #refill(): void {
    const made = sandbox.create({ ...untrusted(), optional: ['limits'] });
    made.catch(() => {}); // run() awaits it and gets the error
    this.#ready.push(made);
  }

  /** Runs a job in a fresh sandbox, which ends with it. */
  async run(command: string, args: readonly string[]): Promise<string> {
    const taken = this.#ready.shift();
    if (!taken) throw new Error('the pool is closed');
    this.#refill();
    await using box = await taken;
    return (await box.run(command, args)).stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const left = await Promise.allSettled(this.#ready.splice(0));
    for (const made of left) if (made.status === 'fulfilled') await made.value.stop();
  }
}

await using pool = new Pool(2);
const jobs = ['one', 'two', 'three', 'four'].map((word) =>
  pool.run('sh', ['-c', `cat /tmp/* 2>/dev/null; echo ${word} | tee /tmp/left`]),
);
console.log((await Promise.all(jobs)).join(''));
