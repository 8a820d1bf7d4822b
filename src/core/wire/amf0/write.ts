// Values to AMF0 bytes (Adobe AMF0 specification §2).
import { ByteWriter, utf8 } from '../../base/bytes.ts';
import { assert } from '../../base/errors.ts';
import { type AmfMap, type AmfValue, isArray, Marker } from './value.ts';

/** The values of a message, one behind the other. */
export function writeAmf0(values: readonly AmfValue[]): Uint8Array {
  const writer = new ByteWriter(256);
  for (const value of values) writeValue(writer, value);
  return writer.done();
}

function writeValue(writer: ByteWriter, value: AmfValue): void {
  switch (typeof value) {
    case 'undefined':
      writer.u8(Marker.undefined);
      return;
    case 'number':
      writer.u8(Marker.number).f64(value);
      return;
    case 'boolean':
      writer.u8(Marker.boolean).u8(value ? 1 : 0);
      return;
    case 'string':
      writeText(writer, value);
      return;
    default:
      writeObject(writer, value);
  }
}

function writeObject(writer: ByteWriter, value: Exclude<AmfValue, undefined | number | boolean | string>): void {
  if (value === null) {
    writer.u8(Marker.null);
  } else if (isArray(value)) {
    writer.u8(Marker.strictArray).u32(value.length);
    for (const element of value) writeValue(writer, element);
  } else if (value instanceof Map) {
    writer.u8(Marker.object);
    writeProperties(writer, value);
  } else {
    writeTagged(writer, value as Exclude<typeof value, AmfMap>);
  }
}

function writeTagged(writer: ByteWriter, value: Extract<AmfValue, { readonly type: string }>): void {
  switch (value.type) {
    case 'ecma':
      writer.u8(Marker.ecmaArray).u32(value.entries.size);
      writeProperties(writer, value.entries);
      return;
    case 'typed':
      writer.u8(Marker.typedObject);
      writeName(writer, value.className);
      writeProperties(writer, value.entries);
      return;
    case 'date':
      writer.u8(Marker.date).f64(value.timeMs).u16(value.zone);
      return;
    case 'xml': {
      const bytes = utf8(value.text);
      writer.u8(Marker.xml).u32(bytes.length).put(bytes);
    }
  }
}

function writeText(writer: ByteWriter, text: string): void {
  const bytes = utf8(text);
  if (bytes.length <= 0xffff) writer.u8(Marker.string).u16(bytes.length).put(bytes);
  else writer.u8(Marker.longString).u32(bytes.length).put(bytes);
}

function writeProperties(writer: ByteWriter, entries: AmfMap): void {
  for (const [name, value] of entries) {
    writeName(writer, name);
    writeValue(writer, value);
  }
  writer.u16(0).u8(Marker.objectEnd);
}

function writeName(writer: ByteWriter, name: string): void {
  const bytes = utf8(name);
  assert(bytes.length <= 0xffff, 'an AMF0 property name fits in 16 bits of length');
  writer.u16(bytes.length).put(bytes);
}
