/* The three functions of split.py as a C extension of Python. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include "burn.h"

WORK(extension_seventy)
WORK(extension_twenty)
WORK(extension_ten)

#define METHOD(name)                                                   \
	static PyObject *py_##name(PyObject *self, PyObject *until)        \
	{                                                                  \
		(void)self;                                                    \
		extension_##name(PyFloat_AsDouble(until));                     \
		Py_RETURN_NONE;                                                \
	}
METHOD(seventy)
METHOD(twenty)
METHOD(ten)

static PyMethodDef methods[] = {
	{ "seventy", py_seventy, METH_O, "" },
	{ "twenty", py_twenty, METH_O, "" },
	{ "ten", py_ten, METH_O, "" },
	{ 0, 0, 0, 0 },
};
static struct PyModuleDef module = { PyModuleDef_HEAD_INIT, "pyrosplit", "", -1, methods, 0, 0, 0, 0 };

PyMODINIT_FUNC PyInit_pyrosplit(void) { return PyModule_Create(&module); }
