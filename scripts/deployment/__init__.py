"""What a person does before there is an endpoint: fill the volume, describe the worker, make the endpoint."""
