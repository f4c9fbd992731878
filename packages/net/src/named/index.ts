// What `named` offers, under the names of ip-netns(8).
export { exec, execSync } from './exec.js';
export {
  attach,
  create,
  identify,
  list,
  listPids,
  open,
  removeName as remove,
} from './named.js';
