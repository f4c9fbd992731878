// What `named` offers, under the names of ip-netns(8).
export { exec, execSync } from './exec.js';
export {
  attach,
  create,
  deleteName as delete,
  identify,
  list,
  open,
  pids,
} from './named.js';
