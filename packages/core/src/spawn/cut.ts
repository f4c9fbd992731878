// Why a run can be cut short.

/** A limit that was reached. */
export interface Cut {
  /** As in the error: `'ETIMEDOUT'`. */
  readonly code: string;
  readonly message: string;
}

/** The reasons, with child_process's codes. */
export const cuts = {
  maxBuffer: {
    code: 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER',
    message: 'it wrote more than maxBuffer allows',
  },
  timeout: { code: 'ETIMEDOUT', message: 'it took longer than timeout allows' },
  abort: { code: 'ABORT_ERR', message: 'the operation was aborted' },
} as const satisfies Record<string, Cut>;
