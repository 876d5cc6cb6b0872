"""What is clicked in JupyterLab."""
