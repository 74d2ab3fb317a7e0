package control

import (
	"context"
	"errors"
	"math"

	"connectrpc.com/connect"

	"pyrometer.dev/remote-agent/internal/budget"
	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/flamegraph"
	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
	querierv1 "pyrometer.dev/remote-agent/internal/gen/querier/v1"
	"pyrometer.dev/remote-agent/internal/gen/querier/v1/querierv1connect"
	typesv1 "pyrometer.dev/remote-agent/internal/gen/types/v1"
	"pyrometer.dev/remote-agent/internal/push"
	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/timed"
)

// querierHandler answers Pyroscope's calls from the store.
type querierHandler struct{ store *store.Store }

var _ querierv1connect.QuerierServiceHandler = (*querierHandler)(nil)

func (h *querierHandler) ProfileTypes(ctx context.Context, request *connect.Request[querierv1.ProfileTypesRequest],
) (*connect.Response[querierv1.ProfileTypesResponse], error) {
	types, err := h.store.ProfileTypes(ctx, store.Range{StartMs: request.Msg.GetStart(), EndMs: request.Msg.GetEnd()})
	if err != nil {
		return nil, asConnect(err)
	}
	answer := &querierv1.ProfileTypesResponse{}
	for _, t := range types {
		answer.ProfileTypes = append(answer.ProfileTypes, &typesv1.ProfileType{
			ID: t.String(), Name: t.Name, SampleType: t.SampleType, SampleUnit: t.SampleUnit,
			PeriodType: t.PeriodType, PeriodUnit: t.PeriodUnit,
		})
	}
	return connect.NewResponse(answer), nil
}

func (h *querierHandler) LabelValues(ctx context.Context, request *connect.Request[typesv1.LabelValuesRequest],
) (*connect.Response[typesv1.LabelValuesResponse], error) {
	values, err := h.store.LabelValues(ctx, request.Msg.GetName(), request.Msg.GetMatchers(),
		store.Range{StartMs: request.Msg.GetStart(), EndMs: request.Msg.GetEnd()})
	if err != nil {
		return nil, asConnect(err)
	}
	return connect.NewResponse(&typesv1.LabelValuesResponse{Names: values}), nil
}

func (h *querierHandler) LabelNames(ctx context.Context, request *connect.Request[typesv1.LabelNamesRequest],
) (*connect.Response[typesv1.LabelNamesResponse], error) {
	names, err := h.store.LabelNames(ctx, request.Msg.GetMatchers(),
		store.Range{StartMs: request.Msg.GetStart(), EndMs: request.Msg.GetEnd()})
	if err != nil {
		return nil, asConnect(err)
	}
	return connect.NewResponse(&typesv1.LabelNamesResponse{Names: names}), nil
}

func (h *querierHandler) Series(ctx context.Context, request *connect.Request[querierv1.SeriesRequest],
) (*connect.Response[querierv1.SeriesResponse], error) {
	sets, err := h.store.Series(ctx, request.Msg.GetMatchers(), request.Msg.GetLabelNames(),
		store.Range{StartMs: request.Msg.GetStart(), EndMs: request.Msg.GetEnd()})
	if err != nil {
		return nil, asConnect(err)
	}
	answer := &querierv1.SeriesResponse{}
	for _, set := range sets {
		answer.LabelsSet = append(answer.LabelsSet, &typesv1.Labels{Labels: labelPairs(set)})
	}
	return connect.NewResponse(answer), nil
}

func (h *querierHandler) SelectMergeProfile(ctx context.Context,
	request *connect.Request[querierv1.SelectMergeProfileRequest],
) (*connect.Response[googlev1.Profile], error) {
	if request.Msg.GetMaxNodes() > 0 {
		return nil, connect.NewError(connect.CodeInvalidArgument,
			errors.New("max_nodes is not supported: profiles of the agent are whole; leave it out"))
	}
	profile, err := h.store.MergeProfile(ctx, store.Selection{
		ProfileType: request.Msg.GetProfileTypeID(), Selector: request.Msg.GetLabelSelector(),
		StartMs: request.Msg.GetStart(), EndMs: request.Msg.GetEnd(),
	})
	if err != nil {
		return nil, asConnect(err)
	}
	return connect.NewResponse(profile), nil
}

func (h *querierHandler) SelectMergeStacktraces(ctx context.Context,
	request *connect.Request[querierv1.SelectMergeStacktracesRequest],
) (*connect.Response[querierv1.SelectMergeStacktracesResponse], error) {
	profile, maxNodes, err := h.stacktraces(ctx, request.Msg)
	if err != nil {
		return nil, asConnect(err)
	}
	graph, err := flamegraph.Of(profile, maxNodes)
	if err != nil {
		return nil, asConnect(err)
	}
	return connect.NewResponse(&querierv1.SelectMergeStacktracesResponse{Flamegraph: graph}), nil
}

func (h *querierHandler) Diff(ctx context.Context, request *connect.Request[querierv1.DiffRequest],
) (*connect.Response[querierv1.DiffResponse], error) {
	left, right := request.Msg.GetLeft(), request.Msg.GetRight()
	if left.GetProfileTypeID() != right.GetProfileTypeID() {
		return nil, connect.NewError(connect.CodeInvalidArgument, errors.New("both sides of a diff need the same profile type"))
	}
	before, maxNodes, err := h.stacktraces(ctx, left)
	if err != nil {
		return nil, asConnect(err)
	}
	after, alsoMaxNodes, err := h.stacktraces(ctx, right)
	if err != nil {
		return nil, asConnect(err)
	}
	graph, err := flamegraph.Difference(before, after, max(maxNodes, alsoMaxNodes))
	if err != nil {
		return nil, asConnect(err)
	}
	return connect.NewResponse(&querierv1.DiffResponse{Flamegraph: graph}), nil
}

// stacktraces answers a selection's profile, and how many nodes were asked for.
func (h *querierHandler) stacktraces(ctx context.Context, message *querierv1.SelectMergeStacktracesRequest,
) (*googlev1.Profile, int, error) {
	if message.GetFormat() > querierv1.ProfileFormat_PROFILE_FORMAT_FLAMEGRAPH {
		return nil, 0, connect.NewError(connect.CodeInvalidArgument, errors.New("the agent has flame graphs only: leave format out"))
	}
	if nodes := message.GetMaxNodes(); nodes < 0 || nodes > math.MaxInt32 {
		return nil, 0, connect.NewError(connect.CodeInvalidArgument, errors.New("max_nodes is a number of nodes, or 0 for all"))
	}
	profile, err := h.store.MergeProfile(ctx, store.Selection{
		ProfileType: message.GetProfileTypeID(), Selector: message.GetLabelSelector(),
		StartMs: message.GetStart(), EndMs: message.GetEnd(),
	})
	return profile, int(message.GetMaxNodes()), err
}

func (h *querierHandler) SelectSeries(ctx context.Context, request *connect.Request[querierv1.SelectSeriesRequest],
) (*connect.Response[querierv1.SelectSeriesResponse], error) {
	message := request.Msg
	results, err := h.store.SelectSeries(ctx, store.PointsQuery{
		Selection: store.Selection{
			ProfileType: message.GetProfileTypeID(), Selector: message.GetLabelSelector(),
			StartMs: message.GetStart(), EndMs: message.GetEnd(),
		},
		GroupBy: message.GetGroupBy(),
		StepMs:  int64(message.GetStep() * 1000),
		Average: message.GetAggregation() == typesv1.TimeSeriesAggregationType_TIME_SERIES_AGGREGATION_TYPE_AVERAGE,
		Limit:   int(message.GetLimit()),
	})
	if err != nil {
		return nil, asConnect(err)
	}
	answer := &querierv1.SelectSeriesResponse{}
	for _, result := range results {
		series := &typesv1.Series{Labels: labelPairs(result.Labels), Points: make([]*typesv1.Point, len(result.Points))}
		for i, point := range result.Points {
			series.Points[i] = &typesv1.Point{Value: point.Value, Timestamp: point.TimeMs}
		}
		answer.Series = append(answer.Series, series)
	}
	return connect.NewResponse(answer), nil
}

func (h *querierHandler) GetProfileStats(ctx context.Context, _ *connect.Request[typesv1.GetProfileStatsRequest],
) (*connect.Response[typesv1.GetProfileStatsResponse], error) {
	stats, err := h.store.Stats(ctx)
	if err != nil {
		return nil, asConnect(err)
	}
	return connect.NewResponse(&typesv1.GetProfileStatsResponse{
		DataIngested: stats.Windows > 0, OldestProfileTime: stats.OldestMs, NewestProfileTime: stats.NewestMs,
	}), nil
}

func labelPairs(labels []target.Label) []*typesv1.LabelPair {
	pairs := make([]*typesv1.LabelPair, len(labels))
	for i, label := range labels {
		pairs[i] = &typesv1.LabelPair{Name: label.Name, Value: label.Value}
	}
	return pairs
}

// asConnect gives an error the code that the app acts on.
func asConnect(err error) error {
	var already *connect.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &already):
		return err
	case errors.Is(err, store.ErrBadQuery), errors.Is(err, store.ErrBadProfile), errors.Is(err, push.ErrBadSettings),
		errors.Is(err, target.ErrBadNaming), errors.Is(err, ErrBadSampling), errors.Is(err, budget.ErrBadCeilings),
		errors.Is(err, timed.ErrBadLength):
		return connect.NewError(connect.CodeInvalidArgument, err)
	case errors.Is(err, store.ErrTooMuch), errors.Is(err, flamegraph.ErrTooLarge), errors.Is(err, timed.ErrBusy):
		return connect.NewError(connect.CodeResourceExhausted, err)
	case errors.Is(err, store.ErrReadOnly), errors.Is(err, engine.ErrClosed):
		return connect.NewError(connect.CodeFailedPrecondition, err)
	case errors.Is(err, store.ErrClosed), errors.Is(err, errStopping):
		return connect.NewError(connect.CodeUnavailable, errStopping)
	case store.IsFull(err):
		return connect.NewError(connect.CodeResourceExhausted, errors.New("the disk is full: make room and try again"))
	case errors.Is(err, context.Canceled):
		return connect.NewError(connect.CodeCanceled, err)
	case errors.Is(err, context.DeadlineExceeded):
		return connect.NewError(connect.CodeDeadlineExceeded, err)
	}
	return connect.NewError(connect.CodeInternal, err)
}
