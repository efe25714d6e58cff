#!/usr/bin/python3
"""tflite2onnx.py IN.tflite OUT.onnx: person segmentation (selfie_segmentation.tflite) as ONNX.

Covers the operators of that one model and stops with a message at anything else. The graph is
written as opset 11 with float32 weights: OpenCV 4.6 reads no half floats, and wants Resize by
scales. Input "input" 1x3xHxW, RGB / 255; output "out0" 1x1xHxW.
"""
import struct
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Table:
    """A flatbuffer table: a signed jump back to the list of its fields' offsets (0: field absent)."""

    def __init__(self, buf, pos):
        self.buf, self.pos = buf, pos
        self.fields = pos - self._at('i', pos)
        self.count = (self._at('H', self.fields) - 4) // 2

    def _at(self, fmt, pos):
        return struct.unpack_from('<' + fmt, self.buf, pos)[0]

    def _offset(self, i):
        return self._at('H', self.fields + 4 + 2 * i) if i < self.count else 0

    def _target(self, i):
        off = self._offset(i)
        return self.pos + off + self._at('I', self.pos + off) if off else None

    def num(self, i, fmt, default=0):
        off = self._offset(i)
        return self._at(fmt, self.pos + off) if off else default

    def table(self, i):
        at = self._target(i)
        return Table(self.buf, at) if at is not None else None

    def tables(self, i):
        at = self._target(i)
        n = self._at('I', at) if at is not None else 0
        return [Table(self.buf, p + self._at('I', p)) for p in range(at + 4, at + 4 + 4 * n, 4)] if n else []

    def array(self, i, dtype):
        at = self._target(i)
        if at is None:
            return np.zeros(0, dtype)
        return np.frombuffer(self.buf, dtype, self._at('I', at), at + 4)

    def data(self, i, dtype):
        """A vector of bytes seen as numbers of another type."""
        return self.array(i, 'u1').view(dtype)

    def text(self, i):
        return self.array(i, 'u1').tobytes().decode()


# operator codes, field numbers and enumerations: the TFLite schema, version 3
ADD, AVERAGE_POOL, CONV, DEPTHWISE, DEQUANTIZE, LOGISTIC, MUL, RELU, RESIZE, CUSTOM, HARD_SWISH = \
    0, 1, 3, 4, 6, 14, 18, 19, 23, 32, 117
TYPES = {0: '<f4', 1: '<f2', 2: '<i4'}
SAME = 0


def fail(text):
    sys.exit('tflite2onnx: ' + text)


class Converter:
    def __init__(self, buf):
        if len(buf) < 8 or buf[4:8] != b'TFL3':
            fail('not a TFLite file')
        model = Table(buf, struct.unpack_from('<I', buf, 0)[0])
        # the code moved from a byte to an int; files carry it in either
        self.codes = [(max(c.num(0, 'b'), c.num(3, 'i')), c.text(1)) for c in model.tables(1)]
        graphs = model.tables(2)
        if len(graphs) != 1:
            fail('%d subgraphs, 1 expected' % len(graphs))
        self.graph, self.buffers = graphs[0], model.tables(4)
        self.tensors = self.graph.tables(0)
        self.shapes = [t.array(0, '<i4').tolist() for t in self.tensors]
        self.alias = {}       # tensor -> the tensor that it only widens (DEQUANTIZE)
        self.nodes, self.weights = [], []

    def name(self, i):
        return 't%d' % self.alias.get(i, i)

    def value(self, i):
        i = self.alias.get(i, i)
        t = self.tensors[i]
        a = self.buffers[t.num(2, 'I')].data(0, TYPES[t.num(1, 'b')])
        return a.reshape(self.shapes[i]) if self.shapes[i] else a

    def emit(self, op, ins, out, **attrs):
        self.nodes.append(helper.make_node(op, ins, [out], name=out, **attrs))
        return out

    def weight(self, array, name):
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    @staticmethod
    def no_activation(code):
        if code:
            fail('fused activation %d' % code)

    def pads(self, mode, src, dst, kernel, stride):
        if mode != SAME:
            return [0, 0, 0, 0]
        total = [max(0, (dst[i] - 1) * stride[i] + kernel[i] - src[i]) for i in (0, 1)]
        return [total[0] // 2, total[1] // 2, total[0] - total[0] // 2, total[1] - total[1] // 2]

    def conv(self, opt, ins, out, depthwise):
        stride = [opt.num(2, 'i'), opt.num(1, 'i')]
        skip = 1 if depthwise else 0          # depthwise: one more field, depth_multiplier
        self.no_activation(opt.num(3 + skip, 'b'))
        if opt.num(4 + skip, 'i', 1) != 1 or opt.num(5 + skip, 'i', 1) != 1:
            fail('dilation')
        w = self.value(ins[1]).astype(np.float32)
        src, dst = self.shapes[ins[0]], self.shapes[out]
        if depthwise:
            if opt.num(3, 'i') != 1:
                fail('depth multiplier')
            w, group = w.transpose(3, 0, 1, 2), src[3]       # 1HWC -> C1HW
        else:
            w, group = w.transpose(0, 3, 1, 2), 1            # OHWI -> OIHW
        kernel = list(w.shape[2:])
        name = self.name(out)
        self.emit('Conv', [self.name(ins[0]), self.weight(w, name + '_w'),
                           self.weight(self.value(ins[2]).astype(np.float32), name + '_b')], name,
                  kernel_shape=kernel, strides=stride, group=group, dilations=[1, 1],
                  pads=self.pads(opt.num(0, 'b'), src[1:3], dst[1:3], kernel, stride))

    def transpose_conv(self, op, ins, out):
        padding, sw, sh = struct.unpack_from('<3i', op.array(5, 'u1').tobytes())
        w = self.value(ins[1]).astype(np.float32).transpose(3, 0, 1, 2)      # OHWI -> IOHW
        kernel, src, dst = list(w.shape[2:]), self.shapes[ins[0]], self.shapes[out]
        if padding != 1 or kernel != [sh, sw] or dst[1:3] != [src[1] * sh, src[2] * sw]:
            fail('transposed convolution that overlaps or is cut')
        name = self.name(out)
        self.emit('ConvTranspose', [self.name(ins[0]), self.weight(w, name + '_w'),
                                    self.weight(self.value(ins[2]).astype(np.float32), name + '_b')], name,
                  kernel_shape=kernel, strides=[sh, sw], pads=[0, 0, 0, 0])

    def operator(self, op):
        code, custom = self.codes[op.num(0, 'I')]
        ins, out = op.array(1, '<i4').tolist(), op.array(2, '<i4').tolist()[0]
        opt, name = op.table(4), self.name(out)
        x = self.name(ins[0])
        if code == DEQUANTIZE:
            self.alias[out] = ins[0]
        elif code in (CONV, DEPTHWISE):
            self.conv(opt, ins, out, code == DEPTHWISE)
        elif code == RELU:
            self.emit('Relu', [x], name)
        elif code == LOGISTIC:
            self.emit('Sigmoid', [x], name)
        elif code == HARD_SWISH:                              # x * min(max(x / 6 + 1 / 2, 0), 1)
            gate = self.emit('HardSigmoid', [x], name + '_g', alpha=1 / 6, beta=0.5)
            self.emit('Mul', [x, gate], name)
        elif code in (ADD, MUL):
            self.no_activation(opt.num(0, 'b'))
            self.emit('Add' if code == ADD else 'Mul', [x, self.name(ins[1])], name)
        elif code == AVERAGE_POOL:
            self.no_activation(opt.num(5, 'b'))
            if [opt.num(4, 'i'), opt.num(3, 'i')] != self.shapes[ins[0]][1:3] or self.shapes[out][1:3] != [1, 1]:
                fail('average over less than the whole map')
            self.emit('GlobalAveragePool', [x], name)
        elif code == RESIZE:
            src, dst = self.shapes[ins[0]], self.value(ins[1]).tolist()
            if opt.num(2, 'b') or not opt.num(3, 'b'):
                fail('resize that is not by half pixel centres')
            scales = np.array([1, 1, dst[0] / src[1], dst[1] / src[2]], np.float32)
            self.emit('Resize', [x, self.weight(np.zeros(0, np.float32), name + '_r'),
                                 self.weight(scales, name + '_s')], name,
                      mode='linear', coordinate_transformation_mode='half_pixel')
        elif code == CUSTOM and custom == 'Convolution2DTransposeBias':
            self.transpose_conv(op, ins, out)
        else:
            fail('operator %d %s is not of this model' % (code, custom))

    def model(self):
        src, dst = self.graph.array(1, '<i4').tolist(), self.graph.array(2, '<i4').tolist()
        if len(src) != 1 or len(dst) != 1:
            fail('%d inputs, %d outputs; 1 and 1 expected' % (len(src), len(dst)))
        for op in self.graph.tables(3):
            self.operator(op)
        rename = {self.name(src[0]): 'input', self.name(dst[0]): 'out0'}
        for n in self.nodes:
            n.input[:] = [rename.get(x, x) for x in n.input]
            n.output[:] = [rename.get(x, x) for x in n.output]
        info = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, s[3], s[1], s[2]])
                for n, s in (('input', self.shapes[src[0]]), ('out0', self.shapes[dst[0]]))]
        graph = helper.make_graph(self.nodes, 'selfie', info[:1], info[1:], self.weights)
        # nothing that changes with the version of python3-onnx: the file's sha256 can be recorded
        return helper.make_model(graph, opset_imports=[helper.make_opsetid('', 11)], ir_version=6)


def main():
    if len(sys.argv) != 3:
        sys.exit('usage: tflite2onnx.py IN.tflite OUT.onnx')
    with open(sys.argv[1], 'rb') as f:
        model = Converter(f.read()).model()
    with open(sys.argv[2], 'wb') as f:
        f.write(model.SerializeToString(deterministic=True))


if __name__ == '__main__':
    main()
