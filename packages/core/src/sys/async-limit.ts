// Turns: the FFI refuses more than a few hundred asynchronous calls at a time, so what is beyond
// waits here. More than the pool has threads do not run at once anyway.

const AT_ONCE = 128;

type Done<Result> = (error: unknown, result: Result) => void;

const waiting: (() => void)[] = [];
let running = 0;

/** Starts an asynchronous call, now or when others have ended. */
export function inTurn<Result>(start: (done: Done<Result>) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    const begin = () => {
      start((error, result) => {
        const next = waiting.shift();
        if (next) next();
        else running--;
        if (error) reject(error);
        else resolve(result);
      });
    };
    if (running === AT_ONCE) {
      waiting.push(begin);
      return;
    }
    running++;
    begin();
  });
}
