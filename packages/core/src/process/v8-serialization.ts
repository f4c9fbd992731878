// Messages of a channel whose serialization is `advanced`, as child_process encodes them.

// Node marks which host objects are views of buffers.
const VIEW = 0;
const OTHER = 1;

function define() {
  // Takes a while to load, and few need it.
  const { DefaultDeserializer, DefaultSerializer } = process.getBuiltinModule('node:v8');

  class MessageSerializer extends DefaultSerializer {
    _writeHostObject(object: object): void {
      if (ArrayBuffer.isView(object)) {
        this.writeUint32(VIEW);
        (
          DefaultSerializer.prototype as unknown as { _writeHostObject(o: object): void }
        )._writeHostObject.call(this, object);
      } else {
        this.writeUint32(OTHER);
        this.writeValue({ ...object });
      }
    }
  }

  class MessageDeserializer extends DefaultDeserializer {
    _readHostObject(): unknown {
      if (this.readUint32() !== VIEW) return this.readValue();
      return (
        DefaultDeserializer.prototype as unknown as { _readHostObject(): unknown }
      )._readHostObject.call(this);
    }
  }

  return { MessageSerializer, MessageDeserializer };
}

let defined: ReturnType<typeof define> | undefined;

function classes(): ReturnType<typeof define> {
  defined ??= define();
  return defined;
}

/** Returns a message as bytes, in the format of structured clone. */
export function serialize(message: unknown): Buffer {
  const serializer = new (classes().MessageSerializer)();
  serializer.writeHeader();
  serializer.writeValue(message);
  return serializer.releaseBuffer();
}

/** The message that these bytes are. */
export function deserialize(body: Buffer): unknown {
  // On its own, because typed arrays in it want their alignment.
  const deserializer = new (classes().MessageDeserializer)(Buffer.from(body));
  deserializer.readHeader();
  return deserializer.readValue();
}
