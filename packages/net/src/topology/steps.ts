// The steps that make a lab: plain data. To perform a step returns the function that undoes it.
import { create as createName, removeName } from '../named/named.js';
import type { Rtnetlink } from '../rtnetlink/rtnetlink.js';
import { writeSysctl } from '../sysctl.js';
import type { Shape } from '../tc/shape.js';
import { describeStep, inverse, perform, type TransactionStep } from '../transaction/steps.js';
import type { Cable } from './description.js';
import { markOf } from './link-mark.js';

/** One change of a lab. */
export type TopologyStep =
  | { readonly step: 'add namespace'; readonly namespace: string }
  | { readonly step: 'add cable'; readonly ends: Cable }
  /** Removes a link that a topology has made, and the other end of a cable with it. */
  | { readonly step: 'remove link'; readonly namespace: string; readonly ifname: string }
  | { readonly step: 'change'; readonly namespace: string; readonly change: TransactionStep }
  | {
      readonly step: 'set sysctl';
      readonly namespace: string;
      readonly name: string;
      readonly to: string;
      /** Undefined for settings of an interface that is not there yet. */
      readonly from?: string;
    }
  | {
      readonly step: 'shape';
      readonly namespace: string;
      readonly ifname: string;
      readonly shape: Shape;
    };

/** Opens the configuration of a namespace of the lab. */
export type OpenRtnetlink = (namespace: string) => Rtnetlink;

/** Marks a new link; if that fails, undoes it. */
function marked(undo: () => void, mark: () => void): () => void {
  try {
    mark();
    return undo;
  } catch (error) {
    undo();
    throw error;
  }
}

/** Makes one change, and returns the function that undoes it. */
export function performStep(step: TopologyStep, open: OpenRtnetlink): () => void {
  switch (step.step) {
    case 'add namespace':
      createName(step.namespace).close();
      return () => removeName(step.namespace);
    case 'add cable': {
      const [here, there] = step.ends;
      const peer = { name: there.ifname, namespace: there.namespace };
      const { links } = open(here.namespace);
      links.add({ kind: 'veth', name: here.ifname, peer });
      const undo = () => links.remove(here.ifname);
      return marked(undo, () => {
        links.addNames(here.ifname, markOf(here.ifname));
        open(there.namespace).links.addNames(there.ifname, markOf(there.ifname));
      });
    }
    case 'remove link': {
      const { links } = open(step.namespace);
      // The other end, which may have been in the plan as well, has gone with it.
      if (links.list().some(({ ifname }) => ifname === step.ifname)) links.remove(step.ifname);
      return () => {};
    }
    case 'change': {
      const rtnetlink = open(step.namespace);
      perform(rtnetlink, step.change);
      if (step.change.step === 'add link') {
        const { name } = step.change.link;
        return marked(
          () => rtnetlink.links.remove(name),
          () => rtnetlink.links.addNames(name, markOf(name)),
        );
      }
      return () => perform(rtnetlink, inverse(step.change));
    }
    case 'set sysctl': {
      const { namespace, name, to, from } = step;
      writeSysctl(name, to, { in: namespace });
      return () => {
        if (from !== undefined) writeSysctl(name, from, { in: namespace });
      };
    }
    case 'shape':
      open(step.namespace).links.shape(step.ifname, step.shape);
      return () => open(step.namespace).links.shape(step.ifname, null);
  }
}

/** Returns a change on one line. */
export function describeTopologyStep(step: TopologyStep): string {
  switch (step.step) {
    case 'add namespace':
      return `+ namespace ${step.namespace}`;
    case 'add cable':
      return `+ cable ${step.ends.map(({ namespace, ifname }) => `${namespace}:${ifname}`).join(' -- ')}`;
    case 'remove link':
      return `- ${step.namespace}: link ${step.ifname}`;
    case 'change': {
      const text = describeStep(step.change);
      return `${text.slice(0, 1)} ${step.namespace}: ${text.slice(2)}`;
    }
    case 'set sysctl':
      return `~ ${step.namespace}: ${step.name} ${step.from === undefined ? '' : `${step.from} -> `}${step.to}`;
    case 'shape':
      return `~ ${step.namespace}: shape of ${step.ifname} ${JSON.stringify(step.shape)}`;
  }
}
