"""The tools that run models: the processor's features, ONNX graphs and ONNX Runtime.

Used by the embedding, reranker and training services.
"""
