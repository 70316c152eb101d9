"""What runs models: the processor, ONNX graphs and ONNX Runtime.

For the embedding, reranker and training services.
"""
